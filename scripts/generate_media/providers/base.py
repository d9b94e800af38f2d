"""What the lifecycle asks of a provider: pure translations between our values and its JSON.

An adapter knows nothing of files, flags, printing, keys, clocks or sockets. It says which calls to make and
what an answer means; the lifecycle makes the calls. An id may go wherever a :class:`Call` has room for it: the path,
the query string, the body.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeGuard
from urllib.parse import quote

from ..core import MARK, Answer, Call, Category, JobFailure, JobRef, Json, Reading, RemoteOutput, Request

LARGEST_COST = 1e18
"""What is beyond it is no count of anything, and a sum with it could be no number at all."""


def in_path(identity: str) -> str:
    """An id as one segment of a path, whatever is in it: JSON may hold lone surrogates, which are no UTF-8."""
    return quote(identity, safe="", errors="surrogatepass")


class ErrorRule(NamedTuple):
    """One row of a provider's error table; the first row whose every given part matches decides.

    ``code`` and ``text`` are regular expressions, searched case-insensitively in the answer's code and in its
    message (or raw body); ``statuses`` empty means any.
    """

    category: Category
    source: str
    """Where the row comes from: whose documentation, and the mark, e.g. ``skills-video [D]``."""
    statuses: tuple[int, ...] = ()
    code: str = ""
    text: str = ""
    on: tuple[str, ...] = ()
    """Operations the row holds for; empty means all."""
    retry: bool = False
    """For a create: it proves that nothing was made, and may be sent again. For a read: try again."""
    may_have_been_created: bool = False
    ended_generation: bool = False
    """For a create: the code of a generation that was made and failed, so an end and no refusal."""
    min_wait_seconds: float = 0.0
    guidance: str = ""


def identity(value: Json) -> str | None:
    """The id that stands in an answer; None for what is none, such as a text that a key was cut out of.

    A dot or two would leave the job's own path, whatever is done to quote them (RFC 3986, 5.2.4)."""
    known = type(value) in (str, int) and value not in ("", ".", "..") and MARK not in str(value)
    return str(value) if known else None


def picture(row: Json) -> Iterator[RemoteOutput]:
    """One element of the ``data`` that answers ``/images/generations``: a URL or base64; the one that is not used is
    missing, null or empty (references: agnes.md [M], ark-pictures.md [D])."""
    url, inline = (row.get("url"), row.get("b64_json")) if isinstance(row, dict) else (None, None)
    if is_url(url):
        yield RemoteOutput(url=url, kind="image")
    elif isinstance(inline, str) and inline:
        yield RemoteOutput(inline=inline.rpartition(",")[2], kind="image")


def is_url(value: Json) -> TypeGuard[str]:
    """Whether a value is a URL that a file can be fetched from."""
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def text(value: Json) -> str:
    """A text of an answer; empty where something else stands in its place."""
    return value if isinstance(value, str) else ""


def rows(answer: Json, name: str) -> list[Json]:
    """A list in an answer; empty where something else stands in its place."""
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, list) else []


def seconds(value: Json) -> float | None:
    """Unix seconds, where the value can be such."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 1e11 else None  # type: ignore[operator, arg-type]


class Adapter(ABC):
    """A protocol that providers speak. What a provider does not offer keeps the answer given here."""

    errors: Sequence[ErrorRule]
    renews_urls: bool = False
    """Result URLs expire, and each query of a finished job gives fresh ones: no result is lost with its URL."""
    cost_field: str = ""
    """The number in ``usage`` that says what a job cost; empty: ``usage`` says no such thing."""
    cost_unit: str = ""
    """What that number counts."""
    listed_kinds: tuple[str, ...] = ()
    """What :meth:`recent` lists; empty: whatever was made."""

    def create(self, request: Request) -> Call:
        """The call that makes the job."""
        return Call("create", "POST", request.path, body=request.body, multipart=request.multipart,
                    stream=request.stream)  # fmt: skip

    @abstractmethod
    def read(self, answer: Json, *, model: str) -> Reading:
        """What a create's answer, a query's answer or one server event says. Never raises on odd shapes:
        what cannot be understood is a Reading without id, status and result."""

    @abstractmethod
    def queries(self, job: JobRef) -> tuple[Call, ...]:
        """How to ask about a job, best first; the next is tried where one is refused."""

    def cost(self, usage: Json) -> float | None:
        """What a job cost, in ``cost_unit``; None where its ``usage`` does not say it."""
        told = usage.get(self.cost_field) if isinstance(usage, dict) else None
        is_number = isinstance(told, (int, float)) and not isinstance(told, bool)
        return told if is_number and 0 <= told < LARGEST_COST else None  # type: ignore[operator, return-value]

    def refusal(self, answer: Answer) -> JobFailure | None:
        """The code and message of a refusal that HTTP does not show: in a 200, or in a place of the protocol's own.
        None: the HTTP status decides, and the classifier looks in the usual places."""
        return None

    def files(self, ended: Reading) -> tuple[Call, ...]:
        """The calls that the files of a job that succeeded are still away; empty where the reading names them."""
        return ()

    def read_files(self, answer: Json) -> tuple[RemoteOutput, ...]:
        """The results in the answer to one of :meth:`files`."""
        return ()

    def account(self) -> Call | None:
        """The cheapest authenticated GET (credits, or the list of models); None: there is none that costs nothing."""
        return None

    def local_result(self, request: Request, answer: Json) -> Reading | None:
        """The finished job when the create itself answers with the result (synchronous); else None.
        Its ``generation_id`` is None: the journal gives it a local one."""
        return None

    def failed_alone(self, answer: Json) -> tuple[tuple[int, JobFailure], ...]:
        """The results that a job did not give although it succeeded: each one's place, from 1, and why."""
        return ()

    def recent(self, model: str) -> Call | None:
        """The call that lists recent jobs, to look for a create whose answer was lost; None: there is none."""
        return None

    def read_recent(self, answer: Json) -> tuple[Reading, ...]:
        """The jobs in the answer to :meth:`recent`, newest first; each Reading's response is that item."""
        return ()

    def may_be_of(self, model: str, reading: Reading) -> bool:
        """Whether a listed or queried job may be one of this model; True where its answer names none."""
        return told_model(reading) in ("", model)

    def cancel(self, job: JobRef) -> Call | None:
        """The call that cancels a queued job; None: the provider has none."""
        return None

    def available_models(self) -> Call | None:
        """The call that lists what the key may use now; None: there is none."""
        return None

    def read_models(self, answer: Json) -> tuple[str, ...]:
        """Model ids in the answer to :meth:`available_models`."""
        return ()


def told_model(reading: Reading) -> str:
    """The model that an answer about a job names; empty where it names none."""
    told = reading.response.get("model") if isinstance(reading.response, dict) else None
    return told if isinstance(told, str) else ""
