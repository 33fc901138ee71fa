//! What has room in one message.

use crate::json::{Array, Json};

/// A part of a message, such as a block of Slack's or an embed of Discord's.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// As the destination wants it.
    pub json: Json,
    /// How much of [`Room::size`] it needs.
    pub size: usize,
}

impl From<&Block> for Json {
    fn from(block: &Block) -> Self {
        block.json.clone()
    }
}

/// What one message holds at most.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// So many blocks.
    pub blocks: usize,
    /// And so much in all of them, in the unit that the destination counts in.
    pub size: usize,
}

impl Room {
    /// Whether one message holds all of these.
    #[must_use]
    pub fn holds<'a>(&self, blocks: impl IntoIterator<Item = &'a Block>) -> bool {
        let (mut count, mut size) = (0, 0);
        for block in blocks {
            count += 1;
            size += block.size;
        }
        count <= self.blocks && size <= self.size
    }

    /// The blocks of as few messages as hold these, in their order. One that none holds stands alone.
    #[must_use]
    pub fn pages<'a>(&self, blocks: impl IntoIterator<Item = &'a Block>) -> Vec<Array> {
        let joins =
            |page: &[&'a Block], block: &&'a Block| self.holds(page.iter().chain([block]).copied());
        let pages = together(blocks, joins);
        pages.into_iter().map(Array::from_iter).collect()
    }
}

/// Items one after the other in groups: `joins` says whether the next one has room with those that are together
/// already. So alerts become the deliveries that can carry them, and the blocks of a long one messages.
pub fn together<T>(
    items: impl IntoIterator<Item = T>,
    joins: impl Fn(&[T], &T) -> bool,
) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        match groups.last_mut() {
            Some(group) if joins(group, &item) => group.push(item),
            _ => groups.push(vec![item]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IntoTemplate;

    fn blocks(sizes: &[usize]) -> Vec<Block> {
        let block = |&size: &usize| Block {
            json: i64::try_from(size).expect("a small number").into(),
            size,
        };
        sizes.iter().map(block).collect()
    }

    #[test]
    fn a_message_holds_what_is_within_both_limits() {
        let room = Room {
            blocks: 3,
            size: 10,
        };
        for (sizes, expected) in [
            (vec![], true),
            (vec![10], true),
            (vec![11], false),
            (vec![4, 6, 0], true),
            (vec![4, 6, 1], false),
            (vec![1, 1, 1, 1], false),
        ] {
            assert_eq!(room.holds(&blocks(&sizes)), expected, "{sizes:?}");
        }
    }

    #[test]
    fn pages_hold_all_blocks_in_their_order() {
        let room = Room {
            blocks: 3,
            size: 10,
        };
        let pages = room.pages(&blocks(&[4, 6, 1, 1, 1, 1, 11, 0]));
        let written = pages
            .into_iter()
            .map(|page| Json::from(page).into_template());
        let expected = ["[4,6]", "[1,1,1]", "[1]", "[11]", "[0]"];
        let expected = expected.map(IntoTemplate::into_template);
        assert_eq!(written.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_has_room_goes_together_in_its_order() {
        let fits = |group: &[u32], next: &u32| group.iter().sum::<u32>() + next <= 10;
        for (items, groups) in [
            (vec![], vec![]),
            (vec![11], vec![vec![11]]),
            (vec![4, 6, 1], vec![vec![4, 6], vec![1]]),
            (vec![11, 0, 5, 6], vec![vec![11], vec![0, 5], vec![6]]),
        ] {
            assert_eq!(together(items, fits), groups);
        }
    }
}
