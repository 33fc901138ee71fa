//! From a description to Rust.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::describe::{Description, World, describe};

/// The expansion of an export macro, or one error that holds every mistake.
pub(crate) fn export(input: TokenStream, world: World) -> TokenStream {
    let ty: syn::Type = match syn::parse2(input) {
        Ok(ty) => ty,
        Err(error) => return error.into_compile_error(),
    };
    let Some(directory) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else {
        return Error::new_spanned(&ty, "cargo does not say where the crate is")
            .into_compile_error();
    };
    match describe(&directory, world) {
        Ok(description) => items(&ty, &description, world),
        Err(mistakes) => {
            let error = Error::new_spanned(&ty, mistakes.join("\n")).into_compile_error();
            let described = described(&ty, "", &[]);
            quote!(#error #described)
        }
    }
}

fn items(ty: &syn::Type, description: &Description, world: World) -> TokenStream {
    let Description {
        document,
        recipient_params,
        files,
    } = description;
    // Without these cargo would not build again after a change of one of the files.
    let tracked = files.iter().map(|file| tracked(file));
    let described = described(ty, document, recipient_params);
    let (bindings, exported) = match world {
        World::Endpoint => (quote!(endpoint), quote!(ExportedEndpoint)),
        World::Formatter => (quote!(formatter), quote!(ExportedFormatter)),
    };
    quote! {
        #described

        #(const _: &str = #tracked;)*

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = ::campanile_guest::__private::#exported<#ty>;
            ::campanile_guest::__private::#bindings::export_world!(
                Exported with_types_in ::campanile_guest::__private::#bindings
            );
        };
    }
}

/// Also what stands in for a description that is refused: the compiler then tells its mistakes alone.
fn described(ty: &syn::Type, document: &str, recipient_params: &[String]) -> TokenStream {
    quote! {
        /// The manifest with its locales, one JSON document: what `describe` returns.
        pub const DESCRIPTION: &str = #document;

        impl ::campanile_guest::Described for #ty {
            const DESCRIPTION: &'static str = DESCRIPTION;
            const RECIPIENT_PARAMS: &'static [&'static str] = &[#(#recipient_params),*];
        }
    }
}

fn tracked(file: &Path) -> TokenStream {
    let path = file.to_string_lossy();
    quote!(::core::include_str!(#path))
}
