//! Joules per token: from assumed watts, and as EcoLogits models it.

/// Watts for a step, shared by the sequences of its batch.
pub fn joules_per_token(watts: f64, devices: f64, step_seconds: f64, batch: f64) -> f64 {
    watts * devices * step_seconds / batch
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
