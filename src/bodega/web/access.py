"""Who may see a page, as the type of a parameter; the session cookie says who is looking."""

from typing import Annotated

from fastapi import Depends, Request

from bodega.backbone.http.deps import Requires
from bodega.backbone.telemetry.context import bind_actor
from bodega.kernel.errors import Denied, Unauthenticated
from bodega.kernel.principal import GUEST, Principal, Role
from bodega.web.cookies import read_cookie


class SignInNeeded(Unauthenticated):
    """Browsers are led to the sign-in page and back."""

    code = "sign_in_needed"
    title = "Sign in to see this page"


async def current_visitor(request: Request) -> Principal:
    """Whoever the session cookie speaks for; a guest without one or with a lapsed one."""
    known: Principal | None = getattr(request.state, "visitor", None)
    if known is not None:
        return known
    token = read_cookie(request, "session")
    found: Principal | None = await request.app.state.authenticate(token) if token else None
    request.state.visitor = found or GUEST
    if found is not None:
        bind_actor(found.label)
    return found or GUEST


class Admits(Requires):
    """`Requires` for pages: asks the session cookie, never a bearer token."""

    async def __call__(
        self, principal: Annotated[Principal, Depends(current_visitor)]
    ) -> Principal:
        if principal.at_least(self.role):
            return principal
        if principal.role is Role.ANONYMOUS:
            raise SignInNeeded
        raise Denied(f"This page is for {self.role.value} only: sign in with another account")


Visitor = Annotated[Principal, Depends(Admits(Role.ANONYMOUS))]
Shopper = Annotated[Principal, Depends(Admits(Role.CUSTOMER))]
ConsoleStaff = Annotated[Principal, Depends(Admits(Role.STAFF))]
ConsoleAdmin = Annotated[Principal, Depends(Admits(Role.ADMIN))]
