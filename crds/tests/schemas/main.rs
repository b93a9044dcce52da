//! The tests of the schemas: their rules, their shape, the documented manifests, the generated YAML.

mod examples;
mod rules;
mod shape;
mod support;
mod yaml;
