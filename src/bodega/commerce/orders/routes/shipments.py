"""What carriers say of shipments."""

from fastapi import status

from bodega.backbone.http.deps import SagaClaim, Staff
from bodega.backbone.http.router import admin_router
from bodega.commerce.orders.routes.orders import After
from bodega.contracts.aftersales import ShipmentView, TrackShipment
from bodega.kernel.ids import CommandId, ShipmentId

staff = admin_router("orders", "/shipments")


@staff.post("/{shipment_id}/events", status_code=status.HTTP_201_CREATED)
async def track_shipment(
    who: Staff, claim: SagaClaim, after: After, shipment_id: ShipmentId, request: TrackShipment
) -> ShipmentView:
    """`delivered` is the last one, and moves the order on."""
    return await after.track(
        command_id=CommandId(claim.id), shipment_id=shipment_id, request=request, actor=who.label
    )
