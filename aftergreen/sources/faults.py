"""What was behind a failed connection: libraries wrap the system's error in their own."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

from aftergreen.clean import clean


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, from the outermost inwards; of several at once the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__


def reason(error: BaseException) -> str:
    """What the system said, in a few words: ``Connection refused``."""
    said = clean(str(error), 200) or type(error).__name__
    for cause in chain(error):
        if isinstance(cause, socket.gaierror):
            return clean(f"the name cannot be resolved: {cause.strerror}")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return clean(f"its certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            said = clean(cause.strerror or str(cause), 200)
        elif isinstance(cause, OSError) and cause.errno is not None:
            said = os.strerror(cause.errno)
    return said
