//! Lua 5.1 as Argo CD runs a script: with the base library, `package` and `table`, with `os.time` and `os.date` by
//! `require`, with nothing else, and not for long.

use mlua::{DeserializeOptions, Function, HookTriggers, Lua, LuaOptions, LuaSerdeExt, SerializeOptions, StdLib, Table};
use serde_json::Value;

/// More than a script of ours ever needs; Argo CD ends it after a second.
const STEPS: u32 = 1_000_000;

/// Runs a script over an object, and gives back what it returns.
///
/// # Errors
/// What the script says when it fails.
pub fn run(script: &str, object: &Value) -> mlua::Result<Value> {
    let lua = Lua::new_with(StdLib::TABLE | StdLib::PACKAGE | StdLib::OS, LuaOptions::default())?;
    lend_the_clock(&lua)?;
    let endless = HookTriggers::new().every_nth_instruction(STEPS);
    lua.set_hook(endless, |_, _| Err(mlua::Error::runtime("it does not end")))?;
    let plain =
        SerializeOptions::new().set_array_metatable(false).serialize_none_to_null(false).serialize_unit_to_null(false);
    lua.globals().set("obj", lua.to_value_with(object, plain)?)?;
    lua.globals().set("actionParams", lua.create_table()?)?;
    let returned: mlua::Value = lua.load(script).eval()?;
    lua.from_value_with(returned, DeserializeOptions::new().encode_empty_tables_as_array(true))
}

/// Leaves of `os` what tells the time, and that to whom requires it.
fn lend_the_clock(lua: &Lua) -> mlua::Result<()> {
    let globals = lua.globals();
    let (whole, lent) = (globals.get::<Table>("os")?, lua.create_table()?);
    for name in ["date", "time"] {
        lent.set(name, whole.get::<Function>(name)?)?;
    }
    let package: Table = globals.get("package")?;
    package.get::<Table>("loaded")?.set("os", mlua::Nil)?;
    package.get::<Table>("preload")?.set("os", lua.create_function(move |_, ()| Ok(lent.clone()))?)?;
    globals.set("os", mlua::Nil)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_script_sees_the_object_and_returns_what_it_says() {
        let object = json!({ "metadata": { "generation": 2, "annotations": null }, "list": ["a", "b"] });
        let script =
            "return { n = obj.metadata.generation, none = obj.metadata.annotations == nil, last = obj.list[2] }";
        assert_eq!(run(script, &object).unwrap(), json!({ "n": 2, "none": true, "last": "b" }));
    }

    #[test]
    fn a_script_has_no_more_than_argo_cd_gives_it() {
        for lacking in ["io", "os", "string", "math", "debug"] {
            assert_eq!(
                run(&format!("return {{ there = {lacking} ~= nil }}"), &json!({})).unwrap(),
                json!({ "there": false })
            );
        }
        let lent =
            "local os = require('os') return { date = os.date ~= nil, more = os.execute ~= nil or os.getenv ~= nil }";
        assert_eq!(run(lent, &json!({})).unwrap(), json!({ "date": true, "more": false }));
    }

    #[test]
    fn a_script_without_an_end_is_ended() {
        assert!(run("while true do end", &json!({})).unwrap_err().to_string().contains("it does not end"));
    }
}
