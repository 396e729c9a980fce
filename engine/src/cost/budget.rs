//! Who can afford it: a team's monthly burn, the day its budget ends, and three ways to be charged.

/// A team and its work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Team {
    pub seats: f64,
    /// Tasks of one seat on a working day.
    pub tasks_per_day: f64,
    /// Working days of a month.
    pub days_per_month: f64,
    /// Dollars one attempt at a task costs in tokens.
    pub dollars_per_attempt: f64,
    /// Share of attempts that succeed.
    pub success_rate: f64,
    /// Dollars to spend.
    pub budget: f64,
    /// Dollars per seat and month, where seats are what is sold.
    pub seat_price: f64,
    /// Dollars per success, where outcomes are what is sold.
    pub outcome_price: f64,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    pub tasks_per_month: f64,
    /// Tries until a task succeeds, on average.
    pub attempts_per_task: f64,
    pub per_token: f64,
    pub per_seat: f64,
    pub per_outcome: f64,
    /// Months until the budget is spent at prices per token.
    pub months: f64,
    /// Tasks of one seat on a working day at which a seat price and prices per token meet.
    pub break_even_tasks: f64,
}

impl Team {
    pub fn burn(&self) -> Burn {
        let tasks_per_month = self.seats * self.tasks_per_day * self.days_per_month;
        let attempts_per_task = 1.0 / self.success_rate;
        let dollars_per_task = self.dollars_per_attempt * attempts_per_task;
        let per_token = tasks_per_month * dollars_per_task;
        Burn {
            tasks_per_month,
            attempts_per_task,
            per_token,
            per_seat: self.seats * self.seat_price,
            per_outcome: tasks_per_month * self.outcome_price,
            months: self.budget / per_token,
            break_even_tasks: self.seat_price / (dollars_per_task * self.days_per_month),
        }
    }
}
