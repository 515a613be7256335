"""Messages to people about their own account. They are written and sent by jobs, which know nothing but the person's id."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from crm.models import User


def send(user: User, template: str, **context: Any) -> None:
    """Send the message `template` (a name below templates/ without its ending) to the user."""
    host = urlsplit(settings.PUBLIC_URL).netloc
    words = {
        "user": user,
        "product_name": settings.PRODUCT_NAME,
        "current_site": {"domain": host, "name": host},
        **context,
    }
    subject = " ".join(render_to_string(f"{template}_subject.txt", words).split())
    body = render_to_string(f"{template}_message.txt", words).strip()
    EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [user.email]).send()


def send_reset_link(user: User) -> None:
    """Send the link with which the user chooses a new password; it works once, and for three days."""
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    send(user, "account/email/password_reset_key", password_reset_url=settings.PUBLIC_URL + path)
