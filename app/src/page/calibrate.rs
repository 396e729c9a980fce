//! How fast this device moves memory, measured once where it does not disturb: when the page is idle after
//! an answer. What was measured is kept with its day, for each device by its name.

use std::collections::BTreeMap;
use std::rc::Rc;

use gloo::storage::{LocalStorage, Storage};
use gloo::timers::callback::Timeout;

use crate::state::economics::{Bandwidth, Calibration, EconomicsAction};
use crate::state::{Action, AppState};
use crate::store::Store;

const KEY: &str = "moescope.bandwidth";
/// Idle for so long, nobody is about to send what they typed.
const IDLE_MILLIS: u32 = 1500;
/// Devices that are remembered.
const MOST_DEVICES: usize = 8;

/// What is to be known of a device.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    Nothing,
    /// It is not known, and nothing else is under way.
    Measure {
        device: String,
        /// A program on the processor is slow to copy: it is measured by hand alone.
        is_software: bool,
    },
    Keep {
        device: String,
        bandwidth: Bandwidth,
    },
}

/// What is due now.
pub fn due(state: &AppState) -> Due {
    let Some(model) = state.model.as_ref().filter(|_| state.replay.is_none()) else {
        return Due::Nothing;
    };
    let device = model.executor.device.clone();
    match state.economics.calibration {
        Calibration::Known(bandwidth) => Due::Keep { device, bandwidth },
        Calibration::Unknown if state.activity.is_idle() && state.conversation.latest().is_some() => {
            Due::Measure {
                device,
                is_software: model.executor.is_software,
            }
        }
        _ => Due::Nothing,
    }
}

/// Does it; what is returned waits, and is dropped when something else is due.
pub fn act(store: &Rc<Store>, due: &Due) -> Option<Timeout> {
    let mut kept: BTreeMap<String, Bandwidth> = LocalStorage::get(KEY).unwrap_or_default();
    match due {
        Due::Nothing => None,
        Due::Keep { device, bandwidth } => {
            if kept.get(device) != Some(bandwidth) {
                kept.insert(device.clone(), *bandwidth);
                while kept.len() > MOST_DEVICES {
                    kept.pop_first();
                }
                // Without storage it is measured on every visit.
                let _ = LocalStorage::set(KEY, kept);
            }
            None
        }
        Due::Measure { device, is_software } => {
            let is_plausible =
                |known: &&Bandwidth| known.bytes_per_second.is_finite() && known.bytes_per_second > 0.0;
            if let Some(bandwidth) = kept.get(device).filter(is_plausible) {
                store.dispatch(Action::Economics(EconomicsAction::CalibrationKept(*bandwidth)));
                return None;
            }
            let (store, waited_for) = (Rc::clone(store), due.clone());
            (!is_software).then(|| {
                Timeout::new(IDLE_MILLIS, move || {
                    if store.read(self::due) == waited_for {
                        store.dispatch(Action::Economics(EconomicsAction::CalibrationAsked));
                    }
                })
            })
        }
    }
}
