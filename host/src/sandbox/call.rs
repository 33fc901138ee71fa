//! One invocation: a fresh store, an instance, a call, and everything dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use campanile_contract::notification::Notification;
use campanile_contract::text::Localizer;
use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};
use wasmtime::{Result, Store, UpdateDeadline};

use super::boundary::{Answer, Answered, Call, Fault, Invocation};
use super::component::{Component, EndpointFunctions, World};
use super::convert;
use super::limits::Limits;
use super::log::Log;
use super::meter::{Meter, Used};
use super::stop::{self, Stop};
use crate::outcome::Reason;
use crate::sandbox::bindings::endpoint::campanile::alerts as wit;
use crate::sandbox::bindings::endpoint::exports::campanile::alerts::endpoint::Failure;
use crate::sandbox::bindings::formatter::exports::campanile::alerts::formatter;

/// What a store holds for its one call.
pub(crate) struct Guest {
    limits: Arc<Limits>,
    meter: Meter,
    component: Arc<Component>,
    language: String,
    time_zone: String,
    notifications: Vec<Notification>,
    given: u32,
    host_calls: u32,
    log: Log,
    now: u64,
    random: u64,
}

impl Guest {
    /// Counts a host call.
    pub(crate) fn count(&mut self) -> Result<()> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            return Err(Stop::error(
                Reason::HostCalls,
                format!(
                    "more than {} host calls in one invocation",
                    self.limits.host_calls
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The next number of a sequence that the invocation alone decides (`SplitMix64`).
    pub(crate) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    pub(crate) fn notification(&self, position: u32) -> Option<&Notification> {
        self.notifications.get(position as usize)
    }

    /// Gives out at most `max` more positions.
    pub(crate) fn dequeue_positions(&mut self, max: u32) -> std::ops::Range<u32> {
        let from = self.given;
        let there = u32::try_from(self.notifications.len()).unwrap_or(u32::MAX);
        self.given = from.saturating_add(max).min(there);
        from..self.given
    }

    pub(crate) fn localizer(&self) -> Localizer<'_> {
        Localizer::new(
            Some(&self.component.catalog),
            &self.language,
            &self.time_zone,
        )
    }
}

/// Carries out an invocation of this component.
pub(crate) fn run(component: &Arc<Component>, invocation: Invocation) -> (Answer, Used) {
    let nonce = invocation.nonce;
    let mut store = store(component, &invocation, &component.limits);
    let result = call(component, &mut store, invocation.call).map_err(|error| {
        let mut fault = stop::fault(&error, &component.limits);
        if fault.reason == Reason::Trap
            && let Some(words) = store.data_mut().log.last_words()
        {
            fault.detail = format!("{} ({words})", fault.detail);
        }
        fault
    });
    let guest = store.data_mut();
    let used = Used {
        cpu: Duration::ZERO,
        memory: guest.meter.memory(),
        table_elements: guest.meter.elements(),
        host_calls: guest.host_calls,
    };
    let answer = Answer {
        nonce,
        result,
        log: guest.log.take(),
    };
    (answer, used)
}

/// Calls `describe` in a store of its own, at the time `now` and with random numbers of that time.
pub(crate) fn describe(
    component: &Arc<Component>,
    limits: &Arc<Limits>,
    now: u64,
) -> Result<String, Fault> {
    let nothing = Invocation {
        nonce: now,
        component: String::new(),
        now,
        call: Call::Format(Vec::new()),
    };
    let mut store = store(component, &nothing, limits);
    let (pre, function) = match &component.world {
        World::Endpoint(pre, functions) => (pre, &functions.describe),
        World::Formatter(pre, functions) => (pre, &functions.describe),
    };
    let described = invoke::<_, (String,)>(&mut store, pre, function, ()).map(|(text,)| text);
    described.map_err(|error| stop::fault(&error, limits))
}

fn store(
    component: &Arc<Component>,
    invocation: &Invocation,
    limits: &Arc<Limits>,
) -> Store<Guest> {
    let (language, time_zone) = match &invocation.call {
        Call::FormatRecipientParams(recipient)
        | Call::RunTest(recipient)
        | Call::Dequeue { recipient, .. }
        | Call::ReadResponse { recipient, .. } => {
            (recipient.language.clone(), recipient.time_zone.clone())
        }
        Call::Lint { .. } | Call::Format(_) => (String::from("en"), String::from("UTC")),
    };
    let mut store = Store::new(
        component.engine(),
        Guest {
            limits: limits.clone(),
            meter: Meter::new(limits),
            component: component.clone(),
            language,
            time_zone,
            notifications: Vec::new(),
            given: 0,
            host_calls: 0,
            log: Log::new(limits),
            now: invocation.now,
            random: invocation.nonce,
        },
    );
    store.limiter(|guest| &mut guest.meter);
    store.set_hostcall_fuel(limits.answer);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(1);
    let (cpu, wall) = (limits.cpu, limits.wall);
    let (cpu_start, wall_start) = (thread_time(), Instant::now());
    store.epoch_deadline_callback(move |_| {
        let used = thread_time().saturating_sub(cpu_start);
        if used > cpu {
            return Err(Stop::error(
                Reason::Deadline,
                format!(
                    "{} ms of processor time are allowed, {} ms were used",
                    cpu.as_millis(),
                    used.as_millis()
                ),
            ));
        }
        let waited = wall_start.elapsed();
        if waited > wall {
            return Err(Stop::error(
                Reason::Deadline,
                format!(
                    "{} ms are allowed, {} ms went by",
                    wall.as_millis(),
                    waited.as_millis()
                ),
            ));
        }
        Ok(UpdateDeadline::Continue(1))
    });
    store
}

/// Processor time of this thread: what other threads do is not a component's fault.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Calls one function of a fresh instance.
fn invoke<Params, Return>(
    store: &mut Store<Guest>,
    pre: &InstancePre<Guest>,
    function: &ComponentExportIndex,
    params: Params,
) -> Result<Return>
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift,
{
    let instance = pre.instantiate(&mut *store)?;
    let Some(function) = instance.get_func(&mut *store, function) else {
        return Err(Stop::error(
            Reason::ComponentMissing,
            "the component has lost a function",
        ));
    };
    function
        .typed::<Params, Return>(&*store)?
        .call(store, params)
}

fn call(component: &Component, store: &mut Store<Guest>, call: Call) -> Result<Answered> {
    match (&component.world, call) {
        (World::Endpoint(pre, functions), call) => call_endpoint(store, pre, functions, call),
        (World::Formatter(pre, functions), Call::Format(events)) => {
            let events: Vec<_> = events.into_iter().map(convert::event).collect();
            let (descriptions,): (Vec<Result<Vec<formatter::Piece>, String>>,) =
                invoke(store, pre, &functions.format, (events.as_slice(),))?;
            let pieces = |pieces: Vec<formatter::Piece>| {
                pieces
                    .into_iter()
                    .map(convert::piece)
                    .collect::<Result<Vec<_>>>()
            };
            let descriptions = descriptions
                .into_iter()
                .map(|description| match description {
                    Ok(description) => pieces(description).map(Ok),
                    Err(words) => Ok(Err(words)),
                });
            Ok(Answered::Descriptions(descriptions.collect::<Result<_>>()?))
        }
        (World::Formatter(..), _) => wrong_world("an endpoint component"),
    }
}

fn call_endpoint(
    store: &mut Store<Guest>,
    pre: &InstancePre<Guest>,
    functions: &EndpointFunctions,
    call: Call,
) -> Result<Answered> {
    match call {
        Call::Lint { params, complete } => {
            let params = convert::params(params);
            let (problems,): (Vec<wit::params::Problem>,) =
                invoke(store, pre, &functions.lint, (params.as_slice(), complete))?;
            Ok(Answered::Problems(
                problems.into_iter().map(convert::problem).collect(),
            ))
        }
        Call::FormatRecipientParams(recipient) => {
            let recipient = convert::recipient(recipient);
            let (line,): (String,) = invoke(
                store,
                pre,
                &functions.format_recipient_params,
                (&recipient,),
            )?;
            Ok(Answered::Line(line))
        }
        Call::Dequeue {
            recipient,
            budget,
            notifications,
        } => {
            store.data_mut().notifications = notifications;
            let recipient = convert::recipient(recipient);
            let (batch,): (Result<wit::delivery::Batch, Failure>,) = invoke(
                store,
                pre,
                &functions.dequeue_recipient_alerts,
                (&recipient, budget),
            )?;
            match batch {
                Ok(batch) => Ok(Answered::Batch(convert::batch(batch)?)),
                Err(failure) => failed(failure),
            }
        }
        Call::RunTest(recipient) => {
            let recipient = convert::recipient(recipient);
            let (messages,): (Result<Vec<wit::delivery::Message>, Failure>,) =
                invoke(store, pre, &functions.run_test, (&recipient,))?;
            match messages {
                Ok(messages) => Ok(Answered::Messages(convert::messages(messages)?)),
                Err(failure) => failed(failure),
            }
        }
        Call::ReadResponse {
            recipient,
            tag,
            alerts,
            response,
        } => {
            let (recipient, response) =
                (convert::recipient(recipient), convert::response(response));
            let params = (&recipient, tag.as_str(), alerts, &response);
            let (verdict,): (wit::delivery::Verdict,) =
                invoke(store, pre, &functions.read_response, params)?;
            Ok(Answered::Verdict(convert::verdict(verdict)?))
        }
        Call::Format(_) => wrong_world("a formatter"),
    }
}

fn failed(failure: Failure) -> Result<Answered> {
    match failure {
        Failure::Invalid(problems) => Ok(Answered::Invalid(
            problems.into_iter().map(convert::problem).collect(),
        )),
        Failure::Internal(words) => Err(Stop::error(Reason::ComponentFailed, words)),
    }
}

fn wrong_world<T>(wanted: &str) -> Result<T> {
    Err(Stop::error(
        Reason::ComponentMissing,
        format!("this component is not {wanted}"),
    ))
}
