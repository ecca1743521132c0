"""The links in letters. A link is made again for every attempt and nothing of it is stored: the database alone opens
none of them, and a letter that is sent again after a crash carries a link that works as well as the first one's.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from tinbao_notify.subscription import SubscriptionNotFound

SHA256: dict[str, Any] = {"digest_method": hashlib.sha256}


@dataclass(frozen=True)
class Links:
    """Tokens signed with HMAC-SHA-256 under the deployment's `secret`. `public_url` has no slash at its end."""

    secret: str
    public_url: str
    confirm_within: timedelta

    def confirm(self, subscription_id: UUID) -> str:
        return f"{self.public_url}/confirm/{self._confirming().dumps(subscription_id.hex)}"

    def unsubscribe(self, subscription_id: UUID) -> str:
        return f"{self.public_url}/unsubscribe/{self._unsubscribing().dumps(subscription_id.hex)}"

    def read_confirm(self, token: str) -> UUID:
        """Raises SubscriptionNotFound, also for a token that is too old."""
        try:
            return UUID(self._confirming().loads(token, max_age=int(self.confirm_within.total_seconds())))
        except BadData:
            raise SubscriptionNotFound from None

    def read_unsubscribe(self, token: str) -> UUID:
        """Raises SubscriptionNotFound."""
        try:
            return UUID(self._unsubscribing().loads(token))
        except BadData:
            raise SubscriptionNotFound from None

    def _confirming(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="confirm", signer_kwargs=SHA256)

    def _unsubscribing(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt="unsubscribe", signer_kwargs=SHA256)
