//! Tokens sorted by the expert they went to, so that each expert's weights are read once for all of its
//! tokens. A *use* is one (token, rank): number `token · top_k + rank`.

/// See the module.
#[derive(Debug, Default)]
pub struct Uses {
    /// The end of each expert's uses in `order`; they begin where those of the expert before end.
    ends: Vec<u32>,
    order: Vec<u32>,
}

impl Uses {
    /// Sorts uses whose expert is below `n_experts`; others belong to another part of the layer.
    /// Within an expert they stay in order of tokens.
    pub fn sort(&mut self, n_experts: usize, experts: impl Iterator<Item = u32> + Clone) {
        let known = |expert: &u32| (*expert as usize) < n_experts;
        self.ends.clear();
        self.ends.resize(n_experts, 0);
        for expert in experts.clone().filter(known) {
            self.ends[expert as usize] += 1;
        }
        // Counts become beginnings, which move to the ends while the places fill.
        let mut total = 0;
        for end in &mut self.ends {
            let count = std::mem::replace(end, total);
            total += count;
        }
        self.order.clear();
        self.order.resize(total as usize, 0);
        for (number, expert) in (0..).zip(experts).filter(|(_, expert)| known(expert)) {
            let place = &mut self.ends[expert as usize];
            self.order[*place as usize] = number;
            *place += 1;
        }
    }

    /// Number of uses.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Every expert that was used, with its uses.
    pub fn by_expert(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let mut start = 0;
        let uses = self.ends.iter().map(move |end| {
            let uses = &self.order[start as usize..*end as usize];
            start = *end;
            uses
        });
        uses.enumerate().filter(|(_, uses)| !uses.is_empty())
    }
}
