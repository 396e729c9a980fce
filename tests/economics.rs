//! Economics on the page: assumptions and their fold, the account of a conversation, and every panel as
//! text.

#[path = "economics/account.rs"]
mod account;
#[path = "economics/assumptions.rs"]
mod assumptions;
#[path = "panels/drawn.rs"]
mod drawn;
#[path = "economics/own_rows.rs"]
mod own_rows;
#[path = "economics/panels.rs"]
mod panels;
#[path = "economics/presets.rs"]
mod presets;
#[path = "panels/recorded_run.rs"]
mod recorded_run;
#[path = "economics/rounded.rs"]
mod rounded;
#[path = "economics/two_files.rs"]
mod two_files;
