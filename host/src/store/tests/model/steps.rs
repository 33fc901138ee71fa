//! What happens to a queue.

use proptest::prelude::*;

use super::*;

/// What happens. Indices are taken modulo what there is.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// An alert of a fingerprint, for the recipients in a bit set.
    Accept(u8, u8),
    Lease(RecipientId, u32),
    /// What becomes of the jobs of a lease.
    Begin(usize, Vec<Plan>),
    Release(usize),
    Retry(RecipientId, u32),
    /// What becomes of a delivery.
    Settle(usize, End),
    Wait(Millis),
    Redrive(RecipientId),
    /// Pauses a recipient, or ends its pause.
    Pause(RecipientId),
    Restart,
    /// Forgets what is over and so old; dead letters at twice that age.
    Forget(Millis),
    /// The disk is full from now on, or has room again.
    Full(bool),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Plan {
    /// A delivery of its own.
    Send,
    /// In the delivery before, where there is one.
    Join,
    Later(Millis, Option<u64>),
    Die,
    Unnamed,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Deliver,
    Again(Millis),
    Die,
    /// Its jobs go back into the queue, in halves.
    Halve(u64),
    /// The first job dies, the others arrive.
    Mixed,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Mostly one recipient and two fingerprints, so that jobs meet.
    let recipient = || prop_oneof![5 => Just(1_i64), 1 => Just(2_i64)];
    let wait = || prop_oneof![Just(0_u64), 1..60_u64];
    let plan = prop_oneof![
        4 => Just(Plan::Send),
        2 => Just(Plan::Join),
        2 => (wait(), prop::option::of(1..3_u64)).prop_map(|(due, batch)| Plan::Later(due, batch)),
        2 => Just(Plan::Die),
        1 => Just(Plan::Unnamed),
    ];
    let end = prop_oneof![
        3 => Just(End::Deliver),
        2 => wait().prop_map(End::Again),
        1 => Just(End::Die),
        2 => (1..9_u64).prop_map(End::Halve),
        1 => Just(End::Mixed),
    ];
    let step = prop_oneof![
        8 => (prop_oneof![3 => 0..2_u8, 2 => 0..9_u8], prop_oneof![6 => Just(1_u8), 1 => 0..4_u8]).prop_map(|(print, to)| Step::Accept(print, to)),
        5 => (recipient(), prop_oneof![1 => 0..3_u32, 2 => 3..6_u32]).prop_map(|(to, max)| Step::Lease(to, max)),
        5 => (0..9_usize, prop::collection::vec(plan, 5)).prop_map(|(at, plan)| Step::Begin(at, plan)),
        1 => (0..9_usize).prop_map(Step::Release),
        2 => (recipient(), 0..4_u32).prop_map(|(to, max)| Step::Retry(to, max)),
        6 => (0..9_usize, end).prop_map(|(at, end)| Step::Settle(at, end)),
        2 => (1..80_u64).prop_map(Step::Wait),
        2 => recipient().prop_map(Step::Redrive),
        1 => recipient().prop_map(Step::Pause),
        1 => Just(Step::Restart),
        1 => (0..60_u64).prop_map(Step::Forget),
        2 => any::<bool>().prop_map(Step::Full),
    ];
    prop::collection::vec(step, 1..80)
}
