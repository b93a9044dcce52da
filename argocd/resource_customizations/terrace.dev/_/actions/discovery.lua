-- Terrace: what a person may do with an object of terrace.dev, and when it makes sense.

local actions = {}
actions["reconcile"] = { ["displayName"] = "Look at AWS now", ["iconClass"] = "fa fa-fw fa-sync" }

-- An Environment is only looked at: it has nothing to pause, and nothing that waits for approval.
if obj.kind == "Environment" then
  return actions
end

local annotations = obj.metadata.annotations or {}
local paused = annotations["terrace.dev/pause"] == "true"

-- The hash of the plan approves every resource with one way to go on. Where there are several, such as restoring from a
-- snapshot or beginning empty, somebody must choose one: by its own hash, not by a click.
local function approvable()
  local status = obj.status or {}
  local plan = status.plan
  if plan == nil or status.observedGeneration ~= obj.metadata.generation then
    return false
  end
  if paused or annotations["terrace.dev/approve"] == plan.hash then
    return false
  end
  local ways = {}
  for _, entry in ipairs(plan.entries or {}) do
    ways[entry.id] = (ways[entry.id] or 0) + 1
  end
  for _, count in pairs(ways) do
    if count == 1 then
      return true
    end
  end
  return false
end

actions["approve"] = {
  ["disabled"] = not approvable(),
  ["displayName"] = "Approve the plan",
  ["iconClass"] = "fa fa-fw fa-check",
}
actions["pause"] = { ["disabled"] = paused, ["displayName"] = "Pause", ["iconClass"] = "fa fa-fw fa-pause" }
actions["resume"] = { ["disabled"] = not paused, ["displayName"] = "Resume", ["iconClass"] = "fa fa-fw fa-play" }
return actions
