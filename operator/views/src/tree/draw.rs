//! The tree as text.

use std::collections::{BTreeSet, HashMap};

use super::lines::{self, Layout};
use super::node::Node;
use super::{ObjectLine, Tree, UseLine};
use crate::style::{Mark, Style, columns};
use crate::{ObjectName, State};

/// The widest column that the names of objects are given: a longer one moves the rest of its line.
const WIDEST: usize = 44;
/// The most objects that stand under one another; what would stand deeper is a line.
const DEEPEST: usize = 12;

impl Tree {
    /// The tree as text. Where one object was asked for, what it uses stands under it, each object once; else each object
    /// stands for itself, and says what it uses.
    pub fn text(&self, style: &Style) -> String {
        let titles = self.objects.iter().map(|object| columns(&object.object.title()));
        let title = titles.max().unwrap_or_default().min(WIDEST);
        let by_name = self.objects.iter().map(|object| (&object.object, object)).collect();
        let layout = Layout { title, several: self.environments.len() > 1, ..Layout::default() };
        let nested = self.root.is_some();
        let deepest = if nested { DEEPEST } else { 0 };
        let mut drawing = Drawing { style, layout, deepest, by_name, drawn: BTreeSet::new() };
        let wrong = self.environments.iter().filter(|environment| environment.state != State::Ready);
        let mut text: String =
            wrong.map(|environment| lines::environment(style, layout, environment).text(style)).collect();
        let heads = self.objects.iter().take(if nested { 1 } else { usize::MAX });
        for object in heads {
            text.push_str(&drawing.object(object, None, 0).text(style));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text + &lines::summary(style, self)
    }
}

/// What was drawn so far.
struct Drawing<'a> {
    style: &'a Style,
    layout: Layout,
    /// How many objects may stand under one another.
    deepest: usize,
    by_name: HashMap<&'a ObjectName, &'a ObjectLine>,
    drawn: BTreeSet<&'a ObjectName>,
}

impl<'a> Drawing<'a> {
    /// An object with its resources, and what it uses: by a line, or whole where it is to be and was not drawn already.
    /// What is wrong comes first. `via`: whom it stands under, and by which reference.
    fn object(&mut self, object: &'a ObjectLine, via: Option<(&ObjectName, &UseLine)>, depth: usize) -> Node {
        self.drawn.insert(&object.object);
        let layout = self.layout.of(object);
        let resources = object.resources.iter();
        let mut under: Vec<(Mark, Node)> =
            resources.map(|resource| (resource.mark, lines::resource(self.style, layout, resource))).collect();
        for used in &object.uses {
            let target = self.by_name.get(&used.object).copied().filter(|_| depth < self.deepest);
            let node = match target.filter(|target| !self.drawn.contains(&target.object)) {
                Some(target) => self.object(target, Some((&object.object, used)), depth + 1),
                None => lines::reference(self.style, used),
            };
            under.push((used.mark, node));
        }
        under.sort_by_key(|(mark, _)| *mark);
        let mut node = lines::object(self.style, layout, object, via.map(|(_, used)| used));
        node.under = under.into_iter().map(|(_, node)| node).collect();
        node.under.extend(lines::used_by(self.style, object, via.map(|(parent, _)| parent)));
        node
    }
}
