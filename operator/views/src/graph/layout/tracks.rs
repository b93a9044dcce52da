//! The vertical pieces of edges in the channel between two columns: which is left of which, so that few lines cross and
//! none lies upon another.

/// The lines that leave one port: they share a vertical piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trunk {
    /// How far down it meets lines from the left.
    lefts: Vec<i32>,
    /// How far down it meets lines to the right.
    rights: Vec<i32>,
    top: i32,
    bottom: i32,
}

/// Two vertical pieces in one track are at least this far apart.
const APART: i32 = 10;
/// That one line lies upon another is worse than that they cross.
const OVERLAP: usize = 20;

impl Trunk {
    /// One that meets these lines from the left, and those to the right.
    pub fn new(lefts: Vec<i32>, rights: Vec<i32>) -> Self {
        let all = || lefts.iter().chain(&rights).copied();
        let (top, bottom) = (all().min().unwrap_or_default(), all().max().unwrap_or_default());
        Trunk { lefts, rights, top, bottom }
    }

    /// Nothing of it is vertical.
    pub fn is_straight(&self) -> bool {
        self.top == self.bottom
    }

    fn covers(&self, height: i32) -> bool {
        self.top < height && height < self.bottom
    }

    /// What it costs that this one is left of the other: lines from the left to the other cross this one, lines from
    /// this one to the right cross the other.
    fn cost_before(&self, other: &Trunk) -> usize {
        let from = other.lefts.iter().filter(|height| self.covers(**height)).count();
        let to = self.rights.iter().filter(|height| other.covers(**height)).count();
        let upon = self.rights.iter().filter(|height| other.lefts.contains(height)).count();
        from + to + OVERLAP * upon
    }
}

/// The track of each trunk, counted from the left, and how many there are. A straight one needs none.
pub fn tracks(trunks: &[Trunk]) -> (Vec<usize>, usize) {
    let mut tracks = vec![0; trunks.len()];
    for group in groups(trunks) {
        let mut order: Vec<usize> = Vec::new();
        for next in group {
            order.insert(place(trunks, &order, next), next);
        }
        for (position, index) in order.iter().enumerate() {
            let near = |other: &usize| {
                let (one, other) = (&trunks[*index], &trunks[*other]);
                one.top < other.bottom + APART && other.top < one.bottom + APART
            };
            let taken = order[..position].iter().filter(|other| near(other)).map(|other| tracks[*other] + 1).max();
            tracks[*index] = taken.unwrap_or_default();
        }
    }
    let turning = (0..trunks.len()).filter(|index| !trunks[*index].is_straight());
    let count = turning.map(|index| tracks[index] + 1).max().unwrap_or_default();
    (tracks, count)
}

/// Those that turn, in groups that have nothing to do with one another, as each lies below the one before it: what many
/// shops have beside one another is then no more work for each of them. Within a group they keep their order.
fn groups(trunks: &[Trunk]) -> Vec<Vec<usize>> {
    let mut turning: Vec<usize> = (0..trunks.len()).filter(|index| !trunks[*index].is_straight()).collect();
    turning.sort_by_key(|index| trunks[*index].top);
    let (mut groups, mut bottom): (Vec<Vec<usize>>, _) = (Vec::new(), i32::MIN);
    for index in turning {
        let trunk = &trunks[index];
        match groups.last_mut() {
            Some(group) if trunk.top < bottom.saturating_add(APART) => group.push(index),
            _ => groups.push(vec![index]),
        }
        bottom = bottom.max(trunk.bottom);
    }
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups
}

/// Where among those in order one more costs least.
fn place(trunks: &[Trunk], order: &[usize], next: usize) -> usize {
    #[cfg(test)]
    crate::count::add("pairs of lines", order.len());
    let next = &trunks[next];
    // What it costs to be left of each, and right of it.
    let costs: Vec<(usize, usize)> = order
        .iter()
        .map(|other| &trunks[*other])
        .map(|other| (next.cost_before(other), other.cost_before(next)))
        .collect();
    let mut cost: usize = costs.iter().map(|(left, _)| left).sum();
    let mut best = (cost, 0);
    for (position, (left, right)) in costs.iter().enumerate() {
        cost = cost + right - left;
        best = best.min((cost, position + 1));
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk(left: i32, rights: &[i32]) -> Trunk {
        Trunk::new(vec![left], rights.to_vec())
    }

    #[test]
    fn a_straight_line_needs_no_track() {
        assert_eq!(tracks(&[trunk(10, &[10]), trunk(50, &[50])]), (vec![0, 0], 0));
    }

    #[test]
    fn lines_that_go_the_same_way_do_not_cross() {
        let down = [trunk(10, &[100]), trunk(20, &[120]), trunk(30, &[140])];
        assert_eq!(tracks(&down), (vec![2, 1, 0], 3));
        let up = [trunk(100, &[10]), trunk(120, &[20]), trunk(140, &[30])];
        assert_eq!(tracks(&up), (vec![0, 1, 2], 3));
    }

    #[test]
    fn those_far_from_one_another_share_a_track() {
        assert_eq!(tracks(&[trunk(10, &[50]), trunk(100, &[150])]), (vec![0, 0], 1));
        assert_eq!(tracks(&[trunk(10, &[50]), trunk(55, &[150])]).1, 2);
    }

    #[test]
    fn a_line_does_not_lie_upon_another() {
        // The first goes on to the right at 100, where the second comes from the left: that one turns before it.
        let (tracks, count) = tracks(&[trunk(10, &[100]), trunk(100, &[200])]);
        assert_eq!((tracks, count), (vec![1, 0], 2));
    }

    #[test]
    fn one_that_branches_is_one() {
        let (tracks, count) = tracks(&[trunk(50, &[10, 50, 90]), trunk(70, &[110])]);
        assert_eq!((tracks.len(), count), (2, 2));
        assert_eq!(super::tracks(&[]), (vec![], 0));
    }
}
