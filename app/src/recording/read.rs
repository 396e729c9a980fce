//! A run as the events that its worker would have told. Within a generation, a token comes before the
//! pass that computes it, and after the pass that it was drawn from.

use moescope_run_file::{Generation, KIND_REASONED, KIND_TEMPLATE, Run};

use super::{FINISHES, examined, facts};
use crate::protocol::{Branch, Event, GenerateOptions, GroupCost, Likely, Pass, Piece, PieceKind};
use crate::state::{Asked, Recorded, Recording};

/// A checked run as a recording whose generations are numbered from `first_id` on.
pub fn recording(run: &Run, first_id: u32) -> Recording {
    let mut reader = Reader {
        run,
        token: 0,
        pass: 0,
        row: 0,
    };
    let generations = run.info.generations.iter().enumerate();
    let generations = generations.map(|(index, told)| reader.generation(told, first_id, index as u32));
    Recording {
        title: run.info.title.clone(),
        date: run.info.date.clone(),
        recorder: run.info.recorder.clone(),
        generations: generations.collect(),
        examined: examined::read(run),
        model: facts::model_from_file(&run.info),
    }
}

/// Where the next generation begins in the columns.
struct Reader<'a> {
    run: &'a Run,
    token: usize,
    pass: usize,
    row: usize,
}

impl Reader<'_> {
    fn generation(&mut self, told: &Generation, first_id: u32, index: u32) -> Recorded {
        let generation_id = first_id + index;
        let sampling = facts::sampling_from_file(&told.sampling);
        let seed = sampling.seed;
        let pieces: Vec<Piece> = (0..told.prompt_tokens).map(|_| self.next_piece()).collect();
        let mut events = vec![Event::Started {
            generation_id,
            fresh: told.fresh && index == 0,
            seed,
            reused: told.reused,
            first_position: told.first_position,
            pieces,
        }];
        let first = told.first_position + told.prompt_tokens;
        let mut sampled = first..first + told.sampled_tokens;
        for _ in 0..told.passes {
            let pass = self.next_pass();
            let end = pass.first_position + pass.positions;
            while sampled.start < end && !sampled.is_empty() {
                let position = sampled.next().unwrap_or_default();
                events.push(self.next_token(generation_id, position));
            }
            events.push(Event::Pass { generation_id, pass });
        }
        for position in sampled {
            events.push(self.next_token(generation_id, position));
        }
        let finish = told.finish.as_deref();
        let finish = FINISHES.iter().find(|(_, name)| Some(*name) == finish);
        events.extend(finish.map(|(finish, _)| Event::Finished {
            generation_id,
            finish: *finish,
        }));
        Recorded {
            generation_id,
            asked: told.prompt.clone().map(|prompt| Asked {
                prompt,
                options: GenerateOptions {
                    sampling,
                    raw: told.raw,
                    fresh: told.fresh,
                    ignore_eos: false,
                    cache_prompt: true,
                    replaces: told.replaces.map(|replaced| first_id + replaced),
                    branch: told.branch.map(|own| Branch {
                        position: own.position,
                        token: own.token,
                    }),
                },
            }),
            events,
        }
    }

    fn next_piece(&mut self) -> Piece {
        let (tokens, at) = (&self.run.tokens, self.token);
        self.token += 1;
        Piece {
            token: tokens.ids[at],
            text: tokens.texts.get(at),
            kind: match tokens.kinds[at] {
                KIND_REASONED => PieceKind::Reasoned,
                KIND_TEMPLATE => PieceKind::Template,
                _ => PieceKind::Said,
            },
        }
    }

    fn next_token(&mut self, generation_id: u32, position: u32) -> Event {
        let (tokens, at) = (&self.run.tokens, self.token);
        let likely = &tokens.likely;
        let own = likely.offsets[at] as usize..likely.offsets[at + 1] as usize;
        let likeliest = own.map(|at| Likely {
            token: likely.ids[at],
            text: likely.texts.get(at),
            prob: likely.probs[at],
        });
        Event::Token {
            generation_id,
            position,
            piece: self.next_piece(),
            prob: tokens.probs[at],
            entropy_bits: tokens.entropy_bits[at],
            likeliest: likeliest.collect(),
        }
    }

    fn next_pass(&mut self) -> Pass {
        let (rows, passes, at) = (&self.run.rows, &self.run.passes, self.pass);
        let positions = passes.rows[at];
        let range = self.row..self.row + positions as usize;
        self.pass += 1;
        self.row = range.end;
        let all = rows.positions.len().max(1);
        Pass {
            first_position: rows.positions.get(range.start).copied().unwrap_or(0),
            positions,
            ids: part(&rows.expert_ids, &range, all),
            weights: part(&rows.expert_weights, &range, all),
            probs: part(&rows.router_probs, &range, all)
                .into_iter()
                .map(|prob| prob.to_f32())
                .collect(),
            router_bits: part(&rows.router_entropy_bits, &range, all),
            router_margins: part(&rows.router_margins, &range, all),
            kv_held_bytes: part(&rows.kv_held_bytes, &range, all),
            kv_read_bytes: part(&rows.kv_read_bytes, &range, all),
            kv_capacity: passes.kv_capacity[at],
            kv_reserved_bytes: passes.kv_reserved_bytes[at],
            kv_bytes_per_position: passes.kv_bytes_per_position[at],
            batch_tokens: passes.batch_tokens[at],
            wall_micros: passes.wall_micros[at],
            dispatches: passes.dispatches[at],
            groups: self.groups(at),
        }
    }

    fn groups(&self, pass: usize) -> Vec<GroupCost> {
        let (passes, names) = (&self.run.passes, &self.run.info.groups);
        let group = |(index, name): (usize, &String)| {
            let at = pass * names.len() + index;
            GroupCost {
                name: name.clone(),
                micros: Some(passes.group_micros[at]).filter(|micros| !micros.is_nan()),
                weight_bytes: passes.group_weight_bytes[at],
                kv_read_bytes: passes.group_kv_read_bytes[at],
                kv_write_bytes: passes.group_kv_write_bytes[at],
                operations: passes.group_operations[at],
            }
        };
        names.iter().enumerate().map(group).collect()
    }
}

/// The items of some rows of a column that has as many items for each of `all` rows.
fn part<T: Copy>(column: &[T], rows: &std::ops::Range<usize>, all: usize) -> Vec<T> {
    let size = column.len() / all;
    column
        .get(rows.start * size..rows.end * size)
        .unwrap_or_default()
        .to_vec()
}
