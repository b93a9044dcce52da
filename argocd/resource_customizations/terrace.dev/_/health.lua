-- Terrace: the health of every kind of terrace.dev, by the conditions that kstatus reads.
-- A condition counts only where it speaks of the present generation.

local function condition(name)
  local conditions = obj.status ~= nil and obj.status.conditions or {}
  for _, found in ipairs(conditions) do
    local current = found.observedGeneration == nil or found.observedGeneration == obj.metadata.generation
    if found.type == name and current then
      return found
    end
  end
  return { status = "Unknown", reason = "", message = "" }
end

local function is(name)
  return condition(name).status == "True"
end

-- The first that says something.
local function message(...)
  for i = 1, select("#", ...) do
    local text = select(i, ...)
    if text ~= nil and text ~= "" then
      return text
    end
  end
  return ""
end

-- No controller writes a status of a grant: it holds as soon as it stands.
if obj.kind == "TierGrant" then
  return { status = "Healthy", message = "" }
end

local annotations = obj.metadata.annotations or {}
-- An Environment has nothing to pause.
local paused = annotations["terrace.dev/pause"] == "true" and obj.kind ~= "Environment"
local stalled = condition("Stalled")

-- Only a person helps: the sentence says how. What a person has paused is stalled by their own wish.
if stalled.status == "True" and not (paused and stalled.reason == "Paused") then
  return { status = "Degraded", message = message(stalled.message, condition("Ready").message, stalled.reason) }
end

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = message(condition("Ready").message, "being deleted") }
end

local observed = obj.status ~= nil and obj.status.observedGeneration or -1
if observed == -1 then
  return { status = "Progressing", message = "no controller has looked at it yet" }
end
if observed ~= obj.metadata.generation then
  return { status = "Progressing", message = "its last change has not been looked at yet" }
end

if paused and (is("Ready") or stalled.status == "True") then
  return { status = "Suspended", message = message(stalled.message, "the annotation terrace.dev/pause holds every change") }
end

if is("Ready") then
  if is("Degraded") then
    return { status = "Degraded", message = message(condition("Degraded").message, condition("Degraded").reason) }
  end
  if is("Drifted") then
    return { status = "Healthy", message = message(condition("Drifted").message) }
  end
  return { status = "Healthy", message = message(condition("Ready").message) }
end

return { status = "Progressing", message = message(condition("Ready").message, condition("Reconciling").message) }
