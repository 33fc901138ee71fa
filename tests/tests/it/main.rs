//! One test binary, so that everything links once.

mod alertmanager;
mod architecture;
mod chats;
mod check;
mod commands;
mod delivery;
mod destinations;
mod formatters;
mod full_disk;
mod golden;
mod grants;
mod history;
mod hostile;
mod intake;
mod keys;
mod languages;
mod mail;
mod newcomer;
mod own_components;
mod parameters;
mod process;
mod relay;
mod secrets;
mod seeds;
mod store_file;
#[cfg(target_os = "linux")]
mod syslog;
mod templates;
mod two_secrets;
mod words;
