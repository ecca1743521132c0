"""What the OpenID provider's words make of who is asking."""

from fastapi import Request
from tinbao_web.login import Identity, SignedIn

from tinbao_triage.officer import Officer
from tinbao_triage.rights import Role


async def asking_officer(identity: Identity, request: Request) -> Officer:
    """Raises NotSignedIn, BadToken, ProviderAway."""
    return officer_of(await identity.who(request))


def officer_of(signed_in: SignedIn) -> Officer:
    """Roles that the table of rights does not know give nothing."""
    known = {role.value for role in Role}
    roles = frozenset(Role(role) for role in signed_in.roles if role in known)
    return Officer(signed_in.subject, signed_in.name, roles, signed_in.stations)
