//! What to do with an export, step by step: from the hold on Terrace to its end, with the commands.
//!
//! Terraform language documentation, "Generating configuration" (`-generate-config-out`); AWS provider documentation,
//! `ignore_tags`.

use super::hcl;
use crate::Object;

/// The head of an export of so many imports: each step with its commands, and what Terraform is needed.
pub fn head(objects: &[&Object], imports: usize) -> String {
    let comment = |text: &str| hcl::comment(text) + "#\n";
    let mut text = comment(&format!(
        "What Terrace keeps in AWS: {imports} imports for {} objects. Terraform writes the configuration itself. Nothing in AWS \
         is changed by these steps, whose order matters:",
        objects.len()
    ));
    text += &comment("1. Hold Terrace, so that it changes nothing meanwhile:");
    text += &commands(objects, |object| format!("annotate {} terrace.dev/pause=true --overwrite", target(object)));
    text += &comment(
        "2. terraform init, then terraform plan -generate-config-out=generated.tf. What Terraform asks for and AWS does not \
         tell, as a password, is to be left out or ignored (lifecycle, ignore_changes). Take the tags that begin with \
         terrace.dev/ out of generated.tf, and let ignore_tags of the provider leave them alone until step 4 is done.",
    );
    text += &comment("3. terraform plan, until it shows imports and no change; then terraform apply.");
    text += &comment("4. Let Terrace go. With Retain everything stays, and loses only its terrace.dev/ tags:");
    text += &commands(objects, |object| {
        format!("patch {} --type=merge -p '{{\"spec\":{{\"deletionPolicy\":\"Retain\"}}}}'", target(object))
    });
    text += &commands(&users_first(objects), |object| {
        let target = target(object);
        format!("annotate {target} terrace.dev/pause- && kubectl delete {target}")
    });
    text += &comment("5. Take the import blocks away; terraform plan shows no change.");
    text.truncate(text.len() - 2);
    text + "\n" + VERSIONS
}

const VERSIONS: &str = r#"terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

"#;

fn commands(objects: &[&Object], command: impl Fn(&Object) -> String) -> String {
    let lines: String = objects.iter().map(|object| format!("#      kubectl {}\n", command(object))).collect();
    if lines.is_empty() { lines } else { lines + "#\n" }
}

fn target(object: &Object) -> String {
    format!("{} {} -n {}", object.key.kind.to_lowercase(), object.key.name, object.key.namespace)
}

/// An object is deleted after those that use it.
fn users_first<'a>(objects: &[&'a Object]) -> Vec<&'a Object> {
    let mut left: Vec<&Object> = objects.to_vec();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let used = |object: &Object| {
            left.iter().any(|other| other.key != object.key && other.uses.iter().any(|used| used.target == object.key))
        };
        // Those in a circle go as they come.
        let next = left.iter().position(|object| !used(object)).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::web_world;

    #[test]
    fn who_uses_another_is_deleted_before_it_and_a_circle_ends_all_the_same() {
        let mut world = web_world();
        let titles = |objects: &[&Object]| -> Vec<String> {
            users_first(objects).iter().map(|object| object.key.title()).collect()
        };
        let ordered = titles(&world.objects.iter().collect::<Vec<_>>());
        let at = |title: &str| ordered.iter().position(|other| other == title).expect("it is deleted");
        assert!(
            at("EdgeTier shop/shop") < at("WebApp shop/shop") && at("WebApp shop/shop") < at("DataTier shop/orders")
        );
        let back =
            world.objects.iter().find(|object| object.key.kind == "WebApp").expect("it uses others").uses.clone();
        world.objects.iter_mut().for_each(|object| object.uses = back.clone());
        assert_eq!(titles(&world.objects.iter().collect::<Vec<_>>()).len(), world.objects.len());
    }
}
