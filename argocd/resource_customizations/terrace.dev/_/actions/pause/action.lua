-- Holds every change to AWS; the status is kept fresh.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["terrace.dev/pause"] = "true"
return obj
