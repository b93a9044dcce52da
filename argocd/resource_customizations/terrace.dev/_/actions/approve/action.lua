-- Lets the change through that status.plan shows, and no other: its hash covers what would be done, and to what.
if obj.status == nil or obj.status.plan == nil then
  error("nothing waits for approval")
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["terrace.dev/approve"] = obj.status.plan.hash
return obj
