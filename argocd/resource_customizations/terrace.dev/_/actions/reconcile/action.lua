-- Has everything of the object read afresh from AWS now, not at the next resync.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["terrace.dev/reconcile-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
