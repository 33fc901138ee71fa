//! The world `alert-endpoint`.

wit_bindgen::generate!({
    path: "../wit",
    world: "alert-endpoint",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_world",
    default_bindings_module: "campanile_guest::__private::endpoint",
    runtime_path: "wit_bindgen::rt",
});
