//! What `bindgen!` makes of the contract; nothing else is in this file.

/// The world `alert-endpoint`.
pub(crate) mod endpoint {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "alert-endpoint",
        imports: { default: trappable },
        with: {
            "campanile:alerts/notifications.notification": crate::sandbox::imports::Position,
        },
    });
}

/// The world `alert-formatter`.
pub(crate) mod formatter {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "alert-formatter",
        imports: { default: trappable },
        with: {
            "campanile:alerts/host": super::endpoint::campanile::alerts::host,
            "campanile:alerts/log": super::endpoint::campanile::alerts::log,
            "campanile:alerts/alert": super::endpoint::campanile::alerts::alert,
            "campanile:alerts/text": super::endpoint::campanile::alerts::text,
        },
    });
}
