//! What takes longer than a frame, done in pieces between frames: a long conversation of a large model
//! has millions of choices to count, and the page must answer to the hand meanwhile.
//!
//! A piece ends with the clock, not after so many steps, so a slow machine does less in each. What was
//! found before stays on screen until there is something newer. Outside a browser all is done at once.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo::timers::callback::Timeout;
use yew::{UseForceUpdateHandle, hook, use_force_update, use_mut_ref};

use crate::pause::pause;

/// Longest piece. A frame has 16 ms, of which drawing takes its share.
const PIECE_MILLIS: f64 = 8.0;

/// Work of many small steps.
pub trait Work: 'static {
    type Found: 'static;

    /// Does a little; false once nothing is left.
    fn step(&mut self) -> bool;

    /// What there is to show so far, if anything.
    fn found(&self) -> Option<Self::Found>;
}

/// Work over one state of things.
struct Job<V, W> {
    of: V,
    work: W,
    is_done: bool,
}

struct Desk<K, V, W: Work> {
    what: Option<K>,
    job: Option<Job<V, W>>,
    found: Option<Rc<W::Found>>,
    next: Option<Timeout>,
}

/// What was found of `of`, or of what it grew from; none while nothing is. Where `what` is another,
/// everything begins anew; where only `of` is, what is under way is finished first, so that a
/// conversation that grows all the time is counted all the same.
#[hook]
pub fn use_gradually<K, V, W>(
    what: K,
    of: V,
    begin: impl FnOnce(&K, &V, Option<&W::Found>) -> W,
) -> Option<Rc<W::Found>>
where
    K: PartialEq + 'static,
    V: PartialEq + 'static,
    W: Work,
{
    let desk = use_mut_ref(|| Desk::<K, V, W> {
        what: None,
        job: None,
        found: None,
        next: None,
    });
    let update = use_force_update();
    let mut own = desk.borrow_mut();
    if own.what.as_ref() != Some(&what) {
        own.clear();
    }
    let is_due = own.job.as_ref().is_none_or(|job| job.is_done && job.of != of);
    if is_due {
        let work = begin(&what, &of, own.found.as_deref());
        own.what = Some(what);
        own.job = Some(Job {
            of,
            work,
            is_done: false,
        });
        own.go_on();
    }
    if own.is_under_way() && own.next.is_none() {
        own.next = Some(later(Rc::downgrade(&desk), update));
    }
    own.found.clone()
}

impl<K, V, W: Work> Desk<K, V, W> {
    fn clear(&mut self) {
        *self = Self {
            what: None,
            job: None,
            found: None,
            next: None,
        };
    }

    fn is_under_way(&self) -> bool {
        self.job.as_ref().is_some_and(|job| !job.is_done)
    }

    /// One piece; tells whether there is something new to show.
    fn go_on(&mut self) -> bool {
        let Some(job) = self.job.as_mut().filter(|job| !job.is_done) else {
            return false;
        };
        let until = now() + PIECE_MILLIS;
        while !job.is_done && now() < until {
            job.is_done = !job.work.step();
        }
        let found = job.work.found().map(Rc::new);
        let is_new = found.is_some();
        self.found = found.or(self.found.take());
        is_new || job.is_done
    }
}

/// The next piece, in a task of its own.
fn later<K, V, W>(desk: Weak<RefCell<Desk<K, V, W>>>, update: UseForceUpdateHandle) -> Timeout
where
    K: 'static,
    V: 'static,
    W: Work,
{
    Timeout::new(0, move || {
        // A component that is gone took its desk with it.
        let Some(own) = desk.upgrade() else { return };
        let mut own = own.borrow_mut();
        let is_new = own.go_on();
        own.next = own
            .is_under_way()
            .then(|| later(Weak::clone(&desk), update.clone()));
        drop(own);
        if is_new {
            update.force_update();
        }
    })
}

/// The same for an async function, which says where it may be interrupted.
pub struct Pace {
    since: f64,
    /// Time between interruptions so far, milliseconds.
    pub worked_millis: f64,
}

impl Pace {
    pub fn new() -> Self {
        Self {
            since: now(),
            worked_millis: 0.0,
        }
    }

    /// Lets the page have its turn where a piece is over.
    pub async fn breathe(&mut self) {
        let took = now() - self.since;
        if took >= PIECE_MILLIS {
            self.worked_millis += took;
            pause().await;
            self.since = now();
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

/// Milliseconds; without a browser's clock time stands still, and a piece has no end.
fn now() -> f64 {
    if cfg!(target_arch = "wasm32") {
        let clock = gloo::utils::window().performance();
        clock.map_or(0.0, |clock| clock.now())
    } else {
        0.0
    }
}
