-- Lets changes go on.
if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["terrace.dev/pause"] = nil
end
return obj
