"""The words of the screen that somebody may meet for the first time at night."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "fuse",
        "how long a limit has been exceeded without a break; it fires, and the rule is breached, after `for`",
    ),
    ("over limit", "beyond the limit of a rule, its fuse burns; one good sample puts it out"),
    ("breached", "beyond the limit for as long as the rule says; it stands until it has cleared"),
    ("clearing", "back in range, not yet for long enough to call the breach over"),
    ("warning", "breached, by a rule that only warns; nobody rolls back for it"),
    ("thin", "breached to the letter, and it may still be chance: too little was counted"),
    ("chance", "how seldom so bad a run comes by chance if the true rate were at the limit"),
    ("near miss", "a fuse that burnt half way at least and went out, or a breach that ended in a countdown"),
    ("was", "the middle of what the signal read before the deployment, or where its baseline comes from"),
    ("sealed", "rules and baseline were fixed when the watch began; these digits tell two of them apart"),
    ("incomplete", "something that has to be judged cannot be; unknown is never green"),
    ("quiet", "the backend answers, and there is no traffic"),
    ("blind", "the backend does not answer; the clock of the watch stands still until it does"),
    ("stale", "the newest sample is too old to say how it is now"),
    ("absent", "no series, and nothing that says that this means zero: a name may be misspelt"),
    ("no series", "the metric has none for this version"),
    ("no traffic", "nothing was asked of the service, so that no rate can be told"),
    ("partial", "the backend answered with a part of the data only"),
    ("ambiguous", "the query gave several values where one is meant"),
    ("down", "a probe could not connect"),
    ("held", "somebody keeps it from being rolled back without a person"),
    ("unproven", "the watch is over, and something is missing for `finished`; the checklist says what"),
    ("finished", "everything in range, and enough was measured to say so"),
)
"""Each word with what it means, in the order in which a bad release would show them."""
