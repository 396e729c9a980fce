//! Joules per token: from assumed power, and as EcoLogits models it.

/// What a device draws: a share of its full power while it works, and another while it waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power {
    pub watts: f64,
    pub working: f64,
    pub waiting: f64,
}

impl Power {
    /// Mean watts of a device that works a share of the time.
    pub fn mean(&self, busy: f64) -> f64 {
        self.watts * (self.waiting + (self.working - self.waiting) * busy)
    }

    /// A step, shared by the sequences of its batch.
    pub fn joules_per_token(&self, devices: f64, step_seconds: f64, batch: f64) -> f64 {
        self.mean(1.0) * devices * step_seconds / batch
    }

    /// All devices all the time, shared by the tokens that are wanted.
    pub fn joules_of_demand(&self, devices: f64, busy: f64, tokens_per_second: f64) -> f64 {
        self.mean(busy) * devices / tokens_per_second
    }
}

/// GPU energy of one output token after EcoLogits (`ecologits/impacts/llm.py`, 2025-11-13):
/// `α·e^(βB)·P_act + γ` watt-hours, P_act in billions.
pub fn ecologits_joules(active_parameters: f64, batch: f64) -> f64 {
    const ALPHA: f64 = 1.1665e-6;
    const BETA: f64 = -0.011_206;
    const GAMMA: f64 = 4.0529e-5;
    let watt_hours = ALPHA * (BETA * batch).exp() * active_parameters / 1e9 + GAMMA;
    watt_hours * 3600.0
}
