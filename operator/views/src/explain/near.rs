//! Names that somebody may have meant by another.

/// The most names that are offered.
const MOST: usize = 3;
/// Nobody means anything by a longer word.
const LONGEST: usize = 64;

/// Those of `known` that `word` may stand for, the nearest first.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return Vec::new();
    }
    let word = word.to_lowercase();
    let mut near: Vec<(usize, &str)> = known.into_iter().filter_map(|name| Some((far(&word, name)?, name))).collect();
    near.sort();
    // One letter is a slip: whoever made it means nothing else.
    let slips = near.iter().take_while(|(far, _)| *far <= 1).count();
    near.truncate(if slips > 0 { slips.min(MOST) } else { MOST });
    near.into_iter().map(|(_, name)| name).collect()
}

/// How far a name is from the word; `None` where nobody would take one for the other.
fn far(word: &str, name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let edits = edits(word, &lower);
    let alike = edits <= (word.chars().count() / 3).max(1);
    // Who types half a name means it.
    let begun = word.len() >= 3 && (lower.contains(word) || word.contains(&lower) && lower.len() >= 4);
    (alike || begun).then_some(edits)
}

/// How many letters must be put in, left out, changed, or swapped with the next (optimal string alignment).
fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for row in 1..=one.len() {
        let mut costs = vec![row];
        for column in 1..=other.len() {
            let changed = usize::from(one[row - 1] != other[column - 1]);
            let mut cost =
                (rows[row - 1][column - 1] + changed).min(rows[row - 1][column] + 1).min(costs[column - 1] + 1);
            let swapped =
                row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1];
            if swapped {
                cost = cost.min(rows[row - 2][column - 2] + 1);
            }
            costs.push(cost);
        }
        rows.push(costs);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_and_a_swap_is_one() {
        for (one, other, count) in [("", "ab", 2), ("size", "sise", 1), ("size", "szie", 1), ("abc", "abc", 0)] {
            assert_eq!(edits(one, other), count, "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_name_comes_first_and_a_far_one_not_at_all() {
        let known = ["replicas", "replicasPerShard", "port", "engine", "engineVersion"];
        assert_eq!(nearest("replica", known), ["replicas"]);
        assert_eq!(nearest("repl", known), ["replicas", "replicasPerShard"]);
        assert_eq!(nearest("Version", known), ["engineVersion"]);
        assert_eq!(nearest("prot", known), ["port"]);
        assert_eq!(nearest("colour", known), Vec::<&str>::new());
    }

    #[test]
    fn nothing_and_far_too_much_is_near_to_nothing() {
        assert!(nearest("", ["a"]).is_empty() && nearest(&"a".repeat(10_000), ["a"]).is_empty());
    }
}
