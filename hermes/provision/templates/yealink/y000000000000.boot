{{- /* Yealink's "Auto Provisioning Guide": the phone fetches the files that are named here, and
takes the factory's value for what they leave empty. It replaces $MAC. */ -}}
#!version:1.0.0.1
include:config "$MAC.cfg"
overwrite_mode = 1
