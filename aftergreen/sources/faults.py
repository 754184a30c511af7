"""What was behind a failed connection: libraries wrap the system's error in their own."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator, Mapping

from aftergreen.clean import clean

_NO_FILES = "raise this console's limit of open files (ulimit -n)"

CURES: Mapping[int, str] = {
    errno.EMFILE: _NO_FILES,
    errno.ENFILE: _NO_FILES,
    errno.ENETUNREACH: "this machine has no way there: check its network",
    errno.ENETDOWN: "this machine's network is down",
    errno.EADDRNOTAVAIL: "this machine has no port left to ask from",
    errno.ENOBUFS: "this machine is out of memory for connections",
    errno.ENOMEM: "this machine is out of memory",
    errno.EACCES: "a rule of this machine forbids it: check its firewall",
    errno.EPERM: "a rule of this machine forbids it: check its firewall",
}
"""What mends an error of the system that is about this machine, whoever was reached for."""

_RESOLVER = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY, socket.EAI_SYSTEM})
"""How names fail to be resolved where that says nothing about the name."""

_NO_JUDGEMENT = frozenset({9, 18, 19, 20, 21})
"""How OpenSSL refuses certificates that may well be right: by an authority that nobody told us of, or valid
from a time on that may be past everywhere but here."""


_NO_TLS = "WRONG_VERSION_NUMBER"
"""What OpenSSL calls an answer that is none of TLS."""


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, from the outermost inwards; of several at once the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__


def is_ours(error: BaseException) -> bool:
    """Whether a failure is about this machine, whatever was reached for. Of several, all have to be."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_ours(one) for one in error.exceptions)
    if isinstance(error, socket.gaierror):
        return error.errno in _RESOLVER
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_code in _NO_JUDGEMENT
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno in CURES:
        return True
    cause = error.__cause__ or error.__context__
    return cause is not None and is_ours(cause)


def is_unresolved(error: BaseException) -> bool:
    """Whether a name is not known: a fault of it, or of the resolver of this machine."""
    return any(isinstance(cause, socket.gaierror) for cause in chain(error))


def cure(error: BaseException) -> str:
    """What mends an error of this machine; empty where it is none, or says so itself."""
    for cause in chain(error):
        if isinstance(cause, socket.gaierror):
            return "check this machine's name servers" if cause.errno in _RESOLVER else ""
        if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno in CURES:
            return CURES[cause.errno or 0]
    return ""


def reason(error: BaseException) -> str:
    """What the system said, in a few words: ``Connection refused``."""
    said = clean(str(error), 200) or type(error).__name__
    for cause in chain(error):
        if isinstance(cause, socket.gaierror):
            return clean(f"the name cannot be resolved: {cause.strerror}")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return clean(f"its certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError) and cause.reason == _NO_TLS:
            return "it does not speak TLS (http:// may be meant)"
        if isinstance(cause, ssl.SSLError):
            said = clean(cause.strerror or str(cause), 200)
        elif isinstance(cause, OSError) and cause.errno is not None:
            said = os.strerror(cause.errno)
    return said
