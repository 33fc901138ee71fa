//! From the worlds' exports to the authors' traits.

use std::marker::PhantomData;

use crate::bindings::endpoint::exports::campanile::alerts::endpoint as raw;
use crate::bindings::formatter::exports::campanile::alerts::formatter as raw_formatter;
use crate::{
    Batch, Endpoint, Event, Failure, Formatter, Message, Param, Params, Piece, Problem, Queue,
    Recipient, Response, Verdict,
};

/// An [`Endpoint`] as the world exports it.
pub struct ExportedEndpoint<E>(PhantomData<E>);

impl<E: Endpoint + 'static> raw::Guest for ExportedEndpoint<E> {
    fn describe() -> String {
        E::DESCRIPTION.to_owned()
    }

    fn lint(params: Vec<Param>, complete: bool) -> Vec<Problem> {
        E::lint(&Params::from(params), complete)
    }

    fn format_recipient_params(recipient: raw::Recipient) -> String {
        E::format_recipient_params(&Recipient::from(recipient))
    }

    fn dequeue_recipient_alerts(recipient: raw::Recipient, budget: u32) -> Result<Batch, Failure> {
        E::dequeue(&mut Queue::open(), &Recipient::from(recipient), budget)
    }

    fn run_test(recipient: raw::Recipient) -> Result<Vec<Message>, Failure> {
        E::run_test(&Recipient::from(recipient))
    }

    fn read_response(
        recipient: raw::Recipient,
        tag: String,
        alerts: u32,
        response: raw::Response,
    ) -> Verdict {
        E::read_response(
            &Recipient::from(recipient),
            &Response::new(tag, alerts, response),
        )
    }
}

/// A [`Formatter`] as the world exports it.
pub struct ExportedFormatter<F>(PhantomData<F>);

impl<F: Formatter + 'static> raw_formatter::Guest for ExportedFormatter<F> {
    fn describe() -> String {
        F::DESCRIPTION.to_owned()
    }

    fn format(events: Vec<Event>) -> Vec<Result<Vec<Piece>, String>> {
        events.iter().map(F::format).collect()
    }
}
