//! The world `alert-formatter`, with the words that it shares with the other one.

wit_bindgen::generate!({
    path: "../wit",
    world: "alert-formatter",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_world",
    default_bindings_module: "campanile_guest::__private::formatter",
    with: {
        "campanile:alerts/alert@0.1.0": crate::bindings::endpoint::campanile::alerts::alert,
        "campanile:alerts/text@0.1.0": crate::bindings::endpoint::campanile::alerts::text,
        "campanile:alerts/host@0.1.0": crate::bindings::endpoint::campanile::alerts::host,
        "campanile:alerts/log@0.1.0": crate::bindings::endpoint::campanile::alerts::log,
    },
});
