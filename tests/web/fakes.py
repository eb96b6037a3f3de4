"""Working shops in memory: what pages need of every contract, with the contracts' own rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from bodega.contracts.cart import (
    Acknowledge,
    AddCoupon,
    CartChange,
    CartCoupon,
    CartLine,
    CartPromotion,
    CartQuote,
    CartShipping,
    CartView,
    DropCoupon,
    LineNotice,
    SaveLine,
    SetLine,
    SetNote,
)
from bodega.contracts.catalog import ProductView, SellableVariant, VariantView
from bodega.contracts.checkout import CheckoutRequest, CheckoutView
from bodega.contracts.identity import SignedIn, UserView
from bodega.contracts.inventory import Availability
from bodega.contracts.orders import OrderLine, OrderView
from bodega.contracts.reviews import RatingSummary, ReviewView
from bodega.contracts.search import SearchHit
from bodega.kernel.errors import (
    Conflict,
    NotFound,
    Rejected,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from bodega.kernel.ids import (
    CartId,
    CheckoutId,
    CommandId,
    OrderId,
    ProductId,
    ReviewId,
    ShippingMethodId,
    UserId,
    VariantId,
    derived_id,
    new_id,
)
from bodega.kernel.money import Money, total
from bodega.kernel.page import Page, PageRequest, encode_cursor
from bodega.kernel.principal import Principal, Role

CURRENCY = "GBP"
NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
_ROOT = UUID("5a5c1a62-8d0a-4c43-9f3f-0f6f7c2a9b11")


def pounds(pence: int) -> Money:
    return Money(amount=pence, currency=CURRENCY)


def product(
    title: str, price: int, *, category: str | None = None, variants: Sequence[str] = ("",)
) -> ProductView:
    slug = "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
    own = uuid5(_ROOT, title)
    return ProductView(
        id=ProductId(own),
        slug=slug,
        title=title,
        description=f"{title}: made with care and meant to be used for a long time.",
        category=category,
        image_url=None,
        status="active",
        variants=[
            VariantView(
                id=VariantId(derived_id(own, name)),
                sku=f"{slug[:12].upper()}-{number}",
                title=name or title,
                price=pounds(price + 150 * number),
            )
            for number, name in enumerate(variants)
        ],
    )


@dataclass
class FakeCatalog:
    items: list[ProductView] = field(default_factory=list)

    async def products(
        self, page: PageRequest, *, category: str | None = None
    ) -> Page[ProductView]:
        found = [item for item in self.items if category in (None, item.category)]
        after = page.after()
        start = int(after[0]) if after else 0
        shown = found[start : start + page.limit]
        more = start + page.limit < len(found)
        return Page(items=shown, next_cursor=encode_cursor(start + page.limit) if more else None)

    async def product(self, slug: str) -> ProductView | None:
        return next((item for item in self.items if item.slug == slug), None)

    async def products_by_id(self, product_ids: Sequence[ProductId]) -> list[ProductView]:
        known = {item.id: item for item in self.items}
        return [known[one] for one in product_ids if one in known]

    async def sellable(self, variant_ids: Sequence[VariantId]) -> dict[VariantId, SellableVariant]:
        return {
            variant.id: SellableVariant(
                id=variant.id,
                product_id=item.id,
                slug=item.slug,
                sku=variant.sku,
                title=item.title,
                price=variant.price,
                active=item.status == "active",
                purchase_limit=variant.purchase_limit,
            )
            for item in self.items
            for variant in item.variants
            if variant.id in variant_ids
        }

    async def categories(self) -> list[str]:
        return sorted({item.category for item in self.items if item.category})


@dataclass
class FakeInventory:
    levels: dict[VariantId, int] = field(default_factory=dict)
    beyond: dict[VariantId, Availability] = field(default_factory=dict)

    async def available(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, int]:
        return {one: self.levels.get(one, 0) for one in variant_ids}

    async def shown(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, Availability]:
        known = {one: self.levels.get(one, 0) for one in variant_ids}
        return {
            one: self.beyond.get(one) or Availability(variant_id=one, available=n, in_stock=n)
            for one, n in known.items()
        }


@dataclass
class FakeSearch:
    catalog: FakeCatalog
    resting: bool = False

    async def find(self, query: str, *, limit: int = 20) -> list[SearchHit]:
        if self.resting:
            raise Unavailable
        words = query.lower().split()
        found = [i for i in self.catalog.items if any(word in i.title.lower() for word in words)]
        return [SearchHit(product_id=item.id, score=1.0) for item in found[:limit]]


@dataclass
class _Basket:
    customer_id: UserId | None
    status: str = "open"
    version: int = 1
    lines: dict[VariantId, int] = field(default_factory=dict)
    saved: set[VariantId] = field(default_factory=set)
    seen: dict[VariantId, Money] = field(default_factory=dict)
    note: str = ""
    coupons: list[str] = field(default_factory=list)
    next_cart_id: CartId | None = None


COUPONS = {"SPRING10": None, "WINTER": "not_yet"}
STANDARD, EXPRESS = (ShippingMethodId(uuid5(_ROOT, name)) for name in ("standard", "express"))


@dataclass
class FakeCarts:
    """Commands are remembered by id: the same again changes nothing. SPRING10 takes a tenth off;
    delivery costs 4.90, express 12.00, and nothing goes to Antarctica."""

    catalog: FakeCatalog
    inventory: "FakeInventory"
    baskets: dict[CartId, _Basket] = field(default_factory=dict)
    done: dict[UUID, CartId] = field(default_factory=dict)
    bought: dict[VariantId, int] = field(default_factory=dict)
    dear: int = 0

    async def cart(
        self, cart_id: CartId, *, customer_id: UserId | None, quoted: bool = True
    ) -> CartView | None:
        basket = self.baskets.get(cart_id)
        if basket is None or basket.customer_id != customer_id:
            return None
        return await self._view(cart_id)

    async def open(self, *, command_id: UUID, customer_id: UserId | None) -> CartView:
        if command_id not in self.done:
            mine = [
                cart_id
                for cart_id, basket in self.baskets.items()
                if customer_id and basket.customer_id == customer_id and basket.status == "open"
            ]
            cart_id = mine[0] if mine else CartId(new_id())
            self.baskets.setdefault(cart_id, _Basket(customer_id))
            self.done[command_id] = cart_id
        return await self._view(self.done[command_id])

    async def set_line(
        self,
        *,
        command_id: CommandId,
        cart_id: CartId,
        customer_id: UserId | None,
        variant_id: VariantId,
        quantity: int,
        add: bool = False,
    ) -> CartView:
        return await self.change(
            command_id=command_id,
            cart_id=cart_id,
            customer_id=customer_id,
            change=SetLine(variant_id=variant_id, quantity=quantity, add=add),
        )

    async def change(
        self,
        *,
        command_id: CommandId,
        cart_id: CartId,
        customer_id: UserId | None,
        change: CartChange,
        version: int | None = None,
        client: str | None = None,
    ) -> CartView:
        basket = self.baskets.get(cart_id)
        if basket is None or basket.customer_id != customer_id:
            raise NotFound
        if command_id in self.done:
            return await self._view(cart_id)
        if basket.status != "open":
            raise Conflict("This cart has been ordered")
        if version not in (None, basket.version):
            raise Stale
        await self._make(basket, change)
        basket.version += 1
        self.done[command_id] = cart_id
        return await self._view(cart_id)

    async def _make(self, basket: _Basket, change: CartChange) -> None:
        match change:
            case SetLine():
                await self._set(basket, change)
            case SaveLine():
                kept = basket.saved | {change.variant_id}
                basket.saved = kept if change.saved else basket.saved - {change.variant_id}
            case SetNote():
                basket.note = change.note
            case AddCoupon():
                if change.code.upper() not in COUPONS:
                    raise Rejected("There is no such code: check how it is spelled")
                basket.coupons.append(change.code.upper())
            case DropCoupon():
                basket.coupons.remove(change.code)
            case Acknowledge():
                basket.seen = {}

    async def _set(self, basket: _Basket, change: SetLine) -> None:
        known = await self.catalog.sellable([change.variant_id])
        if not known and change.quantity:
            raise Rejected("This is not for sale: choose another variant")
        units = change.quantity + (basket.lines.get(change.variant_id, 0) if change.add else 0)
        if units > 1000:
            raise Rejected("A cart does not hold so many units of one variant")
        basket.lines[change.variant_id] = units
        basket.seen[change.variant_id] = known[change.variant_id].price
        basket.saved.discard(change.variant_id)
        if not units:
            del basket.lines[change.variant_id]

    async def claim(self, *, command_id: UUID, cart_id: CartId, customer_id: UserId) -> CartView:
        basket = self.baskets.get(cart_id)
        if basket is None or basket.customer_id not in (None, customer_id):
            raise NotFound
        basket.customer_id = customer_id
        return await self._view(cart_id)

    async def quote(
        self,
        cart_id: CartId,
        *,
        customer_id: UserId | None,
        country: str | None = None,
        region: str = "",
        postal_code: str = "",
        shipping_method_id: ShippingMethodId | None = None,
    ) -> CartQuote | None:
        cart = await self._view(cart_id)
        ways = [
            CartShipping(
                method_id=STANDARD, name="Standard", price=pounds(490), min_days=2, max_days=4
            ),
            CartShipping(
                method_id=EXPRESS, name="Express", price=pounds(1200), min_days=1, max_days=1
            ),
        ]
        ways = ways if country != "AQ" else []
        chosen = next((way for way in ways if way.method_id == shipping_method_id), None)
        return self._quoted(cart, country or "GB", ways, chosen or (ways[0] if ways else None))

    def _quoted(
        self,
        cart: CartView,
        country: str,
        ways: list[CartShipping],
        chosen: CartShipping | None,
    ) -> CartQuote:
        off = pounds(cart.total.amount // 10 if "SPRING10" in cart.coupons else 0)
        sent = chosen.price if chosen else pounds(0)
        promotion = CartPromotion(title="Spring sale", coupon="SPRING10", amount=off)
        whole = cart.total - off + sent + pounds(self.dear)
        return CartQuote(
            country=country,
            subtotal=cart.total,
            discount=off,
            shipping=chosen.price if chosen else None,
            tax=pounds(whole.amount // 6),
            tax_included=True,
            total=whole,
            promotions=[promotion] if off.amount else [],
            coupons=[CartCoupon(code=code, refusal=COUPONS[code]) for code in cart.coupons],
            shipping_method_id=chosen.method_id if chosen else None,
            shipping_options=ways,
        )

    async def _view(self, cart_id: CartId) -> CartView:
        basket = self.baskets[cart_id]
        known = await self.catalog.sellable(list(basket.lines))
        every = {one: self._line(basket, one, known[one], units)
                 for one, units in basket.lines.items()}  # fmt: skip
        lines = [line for one, line in every.items() if one not in basket.saved]
        cart = CartView(
            id=cart_id,
            customer_id=basket.customer_id,
            status=basket.status,
            currency=CURRENCY,
            version=basket.version,
            lines=lines,
            total=total([line.total for line in lines], CURRENCY),
            units=sum(line.quantity for line in lines),
            saved=[line for one, line in every.items() if one in basket.saved],
            note=basket.note,
            coupons=basket.coupons,
            problems=[] if all(line.available for line in lines) else ["lines_unavailable"],
            next_cart_id=basket.next_cart_id,
        )
        if not lines:
            return cart
        way = CartShipping(
            method_id=STANDARD, name="Standard", price=pounds(490), min_days=2, max_days=4
        )
        return cart.model_copy(update={"quote": self._quoted(cart, "GB", [way], way)})

    def _line(
        self, basket: _Basket, one: VariantId, known: SellableVariant, units: int
    ) -> CartLine:
        left = self.inventory.levels.get(one, 0)
        notices = [] if known.active else [LineNotice(kind="not_for_sale")]
        if left < units:
            notices.append(LineNotice(kind="not_enough" if left else "sold_out", left=left))
        elif left <= 5:
            notices.append(LineNotice(kind="few_left", left=left))
        limit = known.purchase_limit
        too_many = limit is not None and units > limit.units - self.bought.get(one, 0)
        if limit is not None and too_many:
            allowed = limit.units - self.bought.get(one, 0)
            notices.append(LineNotice(kind="purchase_limit", left=allowed))
        was = basket.seen.get(one, known.price)
        if was != known.price:
            notices.append(LineNotice(kind="price_raised", was=was, now=known.price))
        return CartLine(
            variant_id=one,
            product_id=known.product_id,
            slug=known.slug,
            sku=known.sku,
            title=known.title,
            quantity=units,
            unit_price=known.price,
            total=known.price * units,
            available=known.active and left >= units and not too_many,
            notices=notices,
            purchase_limit=limit,
        )


@dataclass
class FakeOrders:
    placed: dict[CheckoutId, OrderView] = field(default_factory=dict)

    async def by_checkout(self, checkout_id: CheckoutId) -> OrderView | None:
        return self.placed.get(checkout_id)

    async def order(self, order_id: OrderId) -> OrderView | None:
        return next((order for order in self.placed.values() if order.id == order_id), None)

    async def of_customer(self, customer_id: UserId, page: PageRequest) -> Page[OrderView]:
        own = [order for order in self.placed.values() if order.customer_id == customer_id]
        return Page(items=list(reversed(own))[: page.limit])


class TotalChanged(Conflict):
    code = "total_changed"


BANK = "https://bank.example/challenge/1"
ASKS = "pm_card_threeDSecure2Required"
_DECLINES = {
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
}


@dataclass
class FakeCheckouts:
    carts: FakeCarts
    orders: FakeOrders
    inventory: FakeInventory
    known: dict[CheckoutId, CheckoutView] = field(default_factory=dict)
    down: bool = False
    unconfirmed: bool = False
    asked: list[CheckoutId] = field(default_factory=list)
    requests: list[CheckoutRequest] = field(default_factory=list)

    async def submit(
        self, *, checkout_id: CheckoutId, request: CheckoutRequest, customer_id: UserId | None
    ) -> CheckoutView:
        self.asked.append(checkout_id)
        if self.down:
            raise Unavailable
        if checkout_id in self.known:
            return self.known[checkout_id]
        cart = await self.carts.cart(request.cart_id, customer_id=customer_id)
        if cart is None:
            raise NotFound
        if cart.status != "open":
            raise Conflict("This cart has been ordered")
        quote = await self.carts.quote(
            cart.id,
            customer_id=customer_id,
            country=request.shipping_address.country,
            shipping_method_id=request.shipping_method_id,
        )
        assert quote is not None
        if request.expected_total not in (None, quote.total):
            raise TotalChanged
        self.requests.append(request)
        decline = _DECLINES.get(request.payment_token)
        code = "payment_declined" if decline else None
        levels = self.inventory.levels
        if any(levels.get(line.variant_id, 0) < line.quantity for line in cart.lines):
            code = "out_of_stock"
        view = CheckoutView(
            id=checkout_id,
            cart_id=cart.id,
            state="failed" if code else "completed",
            total=quote.total,
            customer_id=customer_id,
            failure_code=code,
            decline_code=decline,
        )
        if request.payment_token == ASKS:
            asking = {"state": "waiting", "waiting_for": "buyer", "action_url": BANK}
            view = view.model_copy(update=asking)
        elif not code:
            self._place(view, cart, request, customer_id)
        self.known[checkout_id] = view
        return view

    def _place(
        self, view: CheckoutView, cart: CartView, request: CheckoutRequest, owner: UserId | None
    ) -> None:
        self.carts.baskets[cart.id].status = "ordered"
        for line in cart.lines:
            self.inventory.levels[line.variant_id] -= line.quantity
        self.orders.placed[view.id] = OrderView(
            id=OrderId(new_id()),
            number=1001 + len(self.orders.placed),
            status="paid",
            customer_id=owner,
            email=request.email,
            shipping_address=request.shipping_address,
            country=request.shipping_address.country,
            placed_at=NOW,
            lines=[
                OrderLine(
                    product_id=line.product_id,
                    variant_id=line.variant_id,
                    sku=line.sku,
                    title=line.title,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    total=line.total,
                )
                for line in cart.lines
            ],
            subtotal=cart.total,
            total=cart.total,
        )

    async def proceed(self, checkout_id: CheckoutId) -> CheckoutView | None:
        """The bank has said yes."""
        view = self.known.get(checkout_id)
        if view is None or view.waiting_for != "buyer" or self.unconfirmed:
            return view
        request = self.requests[-1]
        cart = await self.carts.cart(request.cart_id, customer_id=view.customer_id)
        assert cart is not None
        done = {"state": "completed", "waiting_for": None, "action_url": None}
        self.known[checkout_id] = view.model_copy(update=done)
        self._place(self.known[checkout_id], cart, request, view.customer_id)
        return self.known[checkout_id]

    async def abandon(self, checkout_id: CheckoutId) -> CheckoutView | None:
        view = self.known[checkout_id]
        left = {"state": "failed", "waiting_for": None, "failure_code": "checkout_cancelled"}
        self.known[checkout_id] = view.model_copy(update=left)
        return self.known[checkout_id]

    async def checkout(self, checkout_id: CheckoutId) -> CheckoutView | None:
        return self.known.get(checkout_id)


@dataclass
class FakeIdentity:
    users: dict[str, tuple[str, UserView]] = field(default_factory=dict)
    sessions: dict[str, Principal] = field(default_factory=dict)

    def add(self, email: str, password: str, role: Role, name: str = "Robin Doe") -> UserView:
        user = UserView(id=UserId(new_id()), email=email, name=name, role=role)
        self.users[email] = (password, user)
        return user

    async def authenticate(self, token: str) -> Principal | None:
        return self.sessions.get(token)

    async def sign_in(self, *, email: str, password: str, address: str) -> SignedIn:
        if email == "busy@example.com":
            raise TooMany("Too many attempts: wait a quarter of an hour, then try again")
        known = self.users.get(email)
        if known is None or known[0] != password:
            raise Unauthenticated("E-mail or password is wrong")
        token = f"session-{new_id()}"
        principal = Principal(id=known[1].id, role=known[1].role, session=token)
        self.sessions[token] = principal
        return SignedIn(
            token=token, principal=principal, user=known[1], expires_at=NOW + timedelta(days=14)
        )

    async def sign_out(self, *, token: str) -> None:
        self.sessions.pop(token, None)

    async def register(self, *, email: str, password: str, name: str, address: str) -> SignedIn:
        if email in self.users:
            raise Conflict("There is an account with this e-mail: sign in instead")
        if len(password) < 8:
            raise Rejected("Choose a longer, less common password")
        self.add(email, password, Role.CUSTOMER, name)
        return await self.sign_in(email=email, password=password, address=address)

    async def user(self, user_id: UserId) -> UserView | None:
        return next((user for _, user in self.users.values() if user.id == user_id), None)


@dataclass
class FakeReviews:
    posted: list[ReviewView] = field(default_factory=list)

    def add(self, product_id: ProductId, rating: int, title: str, body: str) -> None:
        review = ReviewView(
            id=ReviewId(new_id()),
            product_id=product_id,
            rating=rating,
            title=title,
            body=body,
            posted_at=NOW - timedelta(days=len(self.posted) * 9),
        )
        self.posted.append(review)

    async def reviews(self, product_id: ProductId, page: PageRequest) -> Page[ReviewView]:
        own = [review for review in self.posted if review.product_id == product_id]
        return Page(items=own[: page.limit])

    async def summary(self, product_id: ProductId) -> RatingSummary:
        own = [review.rating for review in self.posted if review.product_id == product_id]
        return RatingSummary(count=len(own), average=sum(own) / len(own) if own else None)
