"""The base of all endpoints: lets the caller in, opens the business for the request, records whose data was shown."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework.exceptions import (
    AuthenticationFailed,
    ErrorDetail,
    MethodNotAllowed,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api import idempotency, throttling
from crm.api.authentication import chosen_business, refuse_stale_sign_in, refuse_without_factor
from crm.api.fields import Input
from crm.api.includes import Included, asked_includes, load_includes
from crm.api.permissions import ANYONE, MEMBER, SIGNED_IN
from crm.api.renderers import JsonOnly, dumps
from crm.api.representation import Representation, etag_of
from crm.errors import NotFound
from crm.filters import bad_parameters
from crm.middleware import record_response_access
from crm.registry import permissions as known_permissions
from crm.scope import scope

METHODS = ("get", "post", "put", "patch", "delete")
WITH_BODY = ("POST", "PUT", "PATCH")
UNSAFE = (*WITH_BODY, "DELETE")


@dataclass(frozen=True)
class Doc:
    """What the schema says of an operation; `answer` and `body` are serializer classes, `status` that of success."""

    name: str
    summary: Any
    answer: Any = None
    body: Any = None
    status: int = 200
    again: bool = False
    """Whether what is sent again is answered 200 with what stands there."""
    text: Any = ""
    body_example: Any = None
    answer_example: Any = None
    problems: tuple[int, ...] = ()
    media: str = "application/json"
    """What kind of content the answer is."""
    parameters: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """Query parameters of an operation that is no list: name -> (what it is for, its JSON schema, or what makes it when all apps
    are loaded)."""


class Endpoint(APIView):
    """An endpoint. `permissions` names for each method a registered permission, MEMBER, SIGNED_IN or ANYONE; `docs`
    says what it does; `limited_as` names the class of its limit where it isn't that of the method; `includes` are the
    related resources that its GET offers."""

    abstract = True
    permissions: ClassVar[Mapping[str, str]] = {}
    docs: ClassVar[Mapping[str, Doc]] = {}
    limited_as: ClassVar[Mapping[str, str]] = {}
    includes: ClassVar[Mapping[str, Included]] = {}
    tag: ClassVar[str] = ""
    reauthenticate: ClassVar[bool] = False
    """A dangerous deed: its writing methods need a token of a person who has signed in lately."""
    has_version = False
    content_negotiation_class = JsonOnly
    request: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("abstract"):
            return
        for method in (name.upper() for name in METHODS if hasattr(cls, name)):
            name = cls.permissions.get(method, "")
            if name not in (ANYONE, SIGNED_IN, MEMBER) and name not in known_permissions:
                raise ImproperlyConfigured(f"{cls.__name__} names no registered permission for {method}")
            if cls.schema is not None and method not in cls.docs:
                raise ImproperlyConfigured(f"{cls.__name__} does not say what {method} does")
            if cls.limited_as.get(method, "read") not in throttling.CLASSES:
                raise ImproperlyConfigured(f"{cls.__name__} names no class of limits for {method}")

    @property
    def actor(self) -> Any:
        return self.request.actor

    @property
    def business(self) -> Any:
        return self.request.business

    def permission_for(self, method: str | None) -> str:
        """The permission that a method needs: HEAD that of GET, OPTIONS that of the first method."""
        name = "GET" if method == "HEAD" else method or ""
        return self.permissions.get(name) or next(iter(self.permissions.values()))

    @classmethod
    def takes_key(cls, method: str) -> bool:
        """Does the method honor an `Idempotency-Key`?"""
        return method == "POST" and cls.permissions.get(method) not in (ANYONE, SIGNED_IN)

    def limit_for(self, request: Any) -> str:
        """The class of limits that the request is counted in."""
        method = "GET" if request.method == "HEAD" else request.method
        return self.limited_as.get(method) or throttling.OF_METHOD.get(method, "write")

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as opened:
            self._opened = opened
            self.args, self.kwargs = args, kwargs
            self.headers = self.default_response_headers
            self.request = self.initialize_request(request, *args, **kwargs)
            try:
                self.initial(self.request, *args, **kwargs)
                response = self._answer()
            except Exception as error:
                response = self.handle_exception(error)
            self.response = self.finalize_response(self.request, response, *args, **kwargs)
            if getattr(self.request, "business", None) is not None:
                record_response_access(self.request, cast(HttpResponse, self.response))
            return self.response

    def _answer(self) -> HttpResponse:
        """What the method's handler answers; with an `Idempotency-Key`, what it answered the first time."""
        request = self.request
        handler = getattr(self, request.method.lower())

        def act() -> HttpResponse:
            answer: HttpResponse = handler(request, *self.args, **self.kwargs)
            return answer

        key = idempotency.key_of(request) if self.takes_key(request.method) else ""
        return idempotency.once(self, key, act) if key else act()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        for name, value in throttling.headers(getattr(request, "limits", {})).items():
            response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)

    def may_see_again(self, customers: Sequence[str]) -> bool:
        """May the caller still see what a stored answer shows? One that shows customers is kept back unless the endpoint
        looks after them."""
        return not customers

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.perform_authentication(request)
        try:
            if request.method != "OPTIONS" and (request.method or "").lower() not in self.offered():
                raise MethodNotAllowed(request.method)
            self._open_business(request)
        finally:
            self.check_throttles(request)
        self.check_permissions(request)
        if self.reauthenticate and request.method in UNSAFE:
            refuse_stale_sign_in(request)
        self._check_content_type(request)

    def perform_authentication(self, request: Any) -> None:
        try:
            super().perform_authentication(request)
        except AuthenticationFailed as refusal:
            seconds = throttling.count_refused_credential(request)
            if seconds:
                raise Throttled(wait=seconds) from refusal
            raise

    def _open_business(self, request: Any) -> None:
        needed = self.permission_for(request.method)
        if request.actor is not None and needed != ANYONE:
            business = chosen_business(request, needed=needed != SIGNED_IN)
            refuse_without_factor(request, business)
            request.business = request._request.business = business
            if business is not None:
                self._opened.enter_context(scope(business))
                self._opened.enter_context(timezone.override(ZoneInfo(business.time_zone)))

    def offered(self) -> list[str]:
        return [name for name in self.http_method_names if hasattr(self, name)]

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Which methods there are; says nothing about records or choices."""
        return Response(status=204)

    def _check_content_type(self, request: Any) -> None:
        if request.method in WITH_BODY and request.META.get("CONTENT_LENGTH") not in ("", "0", None):
            parser = self.get_content_negotiator().select_parser(request, self.get_parsers())
            if parser is None:
                raise UnsupportedMediaType(request.content_type or "")

    def refuse_parameters(self, known: frozenset[str] = frozenset()) -> None:
        """Refuse query parameters that the endpoint doesn't have: an ignored one would be misunderstood."""
        if self.includes and self.request.method in ("GET", "HEAD"):
            known |= {"include"}
        unknown = [name for name in self.request.query_params if name not in known]
        if unknown:
            raise bad_parameters({name: [_("There is no such parameter.")] for name in unknown})

    def body(self, form: type[Input], *, partial: bool = False) -> dict[str, Any]:
        """The checked values of the body. Raises REST framework's ValidationError."""
        data = self.request.data
        read = form(data=data, partial=partial, context={"view": self})
        read.is_valid(raise_exception=True)
        if partial and not read.validated_data:
            raise ValidationError({"": [ErrorDetail(_("The body names no field to change."), code="empty_body")]})
        return dict(read.validated_data)


class RecordEndpoint(Endpoint):
    """An endpoint about one record, found among those that the caller may see; any other is 404."""

    abstract = True
    representation: Representation

    def rows(self) -> QuerySet:
        """All records that the actor may see."""
        raise ImproperlyConfigured(f"{type(self).__name__}.rows")

    @property
    def record(self) -> Any:
        if not hasattr(self, "_record"):
            self._record = self.rows().filter(pk=self.kwargs["id"]).first()
        if self._record is None:
            raise NotFound
        return self._record

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        if not self.rows().filter(pk=self.kwargs["id"]).exists():
            raise NotFound
        return super().options(request, *args, **kwargs)

    def shown(self, row: dict[str, Any]) -> None:
        """Called with the columns of the record: note whose data is shown."""

    def details(self, row: dict[str, Any]) -> dict[str, Any]:
        """What is shown beside the representation."""
        return {}

    def show(self, rows: QuerySet | None = None) -> Response:
        """The record as it stands in the database now; `rows` when it may have left those that the caller sees."""
        includes = asked_includes(self) if self.request.method in ("GET", "HEAD") else []
        row = self.representation.one(self.rows() if rows is None else rows, self.kwargs["id"])
        self.shown(row)
        data = {**self.representation.of(row, self.business), **self.details(row)}
        if includes:
            data["included"] = load_includes(self, includes, [row])[0]
        if not self.has_version:
            return Response(data)
        return self.tagged(data, row["updated_at"])

    def tagged(self, data: dict[str, Any], changed_at: datetime) -> Response:
        """The answer with its ETag; 304 without a body when the caller has this very answer."""
        tag = tag_of(changed_at, data)
        is_known = self.request.method in ("GET", "HEAD") and self._is_known(tag)
        return Response(None if is_known else data, status=304 if is_known else 200, headers={"ETag": tag})

    def may_see_again(self, customers: Sequence[str]) -> bool:
        return self.rows().filter(pk=self.kwargs["id"]).exists() and super().may_see_again(customers)

    def _is_known(self, tag: str) -> bool:
        """Does `If-None-Match` say that the caller has this very answer?"""
        tags = [known.removeprefix("W/") for known in parse_etags(self.request.headers.get("If-None-Match", ""))]
        return tag in tags or "*" in tags

    def changed_at(self) -> datetime:
        """When what stands at this address was last changed, by which its versions are told apart."""
        return cast(datetime, self.record.updated_at)

    def asked_version(self) -> str | None:
        """The version that `If-Match` names; None when the header is absent or `*`. Weak tags match nothing."""
        header = self.request.headers.get("If-Match", "").strip()
        if header in ("", "*"):
            return None
        current = version_of_tag(etag_of(self.changed_at()))
        return current if current in map(version_of_tag, parse_etags(header)) else header


def tag_of(updated_at: datetime, data: Any) -> str:
    """The ETag of an answer: the version of what was entered, and a digest, since computed figures change without it."""
    return f'{etag_of(updated_at)[:-1]};{hashlib.sha256(dumps(data)).hexdigest()[:12]}"'


def version_of_tag(tag: str) -> str:
    """The version that a strong ETag carries."""
    return tag.strip('"').partition(";")[0]


class Unrouted(Endpoint):
    """Whatever is not an endpoint: a problem document, never a page."""

    schema = None
    permissions = {"GET": ANYONE}

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        raise Http404

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise Http404
