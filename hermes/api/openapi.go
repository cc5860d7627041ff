package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// object is a JSON object.
type object = map[string]any

// OpenAPI returns the description of the API in OpenAPI 3.1, as JSON: every node with its
// parameters and answers. It is made from the table of nodes and from the types of requests and
// responses. Besides what OpenAPI has, each operation has these members:
//
//	x-needs    the capability that the caller needs: read, see secrets, write or administer;
//	           absent if none
//	x-changes  true if the node changes something
//	x-secret   at a parameter: true if its value is a secret, which belongs into the body of a POST
func OpenAPI() []byte {
	s := schemas{}
	paths, tags := object{}, []object{}
	last := ""
	for _, n := range hermes.Nodes() {
		e := newEndpoint(n, sessionName, authKeyName)
		if group, _, _ := strings.Cut(n.Path, "/"); group != last {
			last = group
			tags = append(tags, object{"name": group})
		}
		paths["/"+n.Path] = object{"get": e.operation(s, http.MethodGet), "post": e.operation(s, http.MethodPost)}
	}
	s["Failure"] = failureSchema()
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Hermes", "version": "1",
			"description": "Provisions users, desk phones, phone numbers and aliases on top of a Kamailio SIP server. Each node can be called by GET, " +
				"with its parameters in the query, or by POST, with the same parameters in a form.",
		},
		"servers":    []object{{"url": "/api"}},
		"tags":       tags,
		"paths":      paths,
		"components": object{"schemas": s, "securitySchemes": object{"cookie": cookieScheme()}},
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // the maps have nothing that JSON has not
	}
	return text
}

func cookieScheme() object {
	return object{
		"type": "apiKey", "in": "cookie", "name": cookieName(true),
		"description": "Set by auth/login. Without TLS its name is " + cookieName(false) +
			". The parameters session and auth_key are needed beside it.",
	}
}

// operation describes a node called by a method.
func (e *endpoint) operation(s schemas, method string) object {
	group, name, _ := strings.Cut(e.Path, "/")
	op := object{
		"operationId": strings.ToLower(method) + "_" + group + "_" + name,
		"tags":        []string{group},
		"summary":     e.About,
		"x-changes":   e.Changes,
		"responses":   e.responses(s),
	}
	if e.Needs != hermes.NoCapability {
		op["x-needs"] = e.Needs.String()
		op["security"] = []object{{"cookie": []string{}}}
	}
	parameters := e.parameters()
	if method == http.MethodGet {
		for _, p := range parameters {
			p["in"] = "query"
		}
		op["parameters"] = parameters
		return op
	}
	op["requestBody"] = formBody(parameters)
	return op
}

// formBody describes a form with parameters.
func formBody(parameters []object) object {
	properties, required := object{}, []any{}
	for _, p := range parameters {
		schema := object{"description": p["description"]}
		for k, v := range p["schema"].(object) {
			schema[k] = v
		}
		if p["x-secret"] == true {
			schema["x-secret"] = true
		}
		properties[p["name"].(string)] = schema
		if p["required"] == true {
			required = append(required, p["name"])
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return object{"required": len(required) > 0, "content": object{"application/x-www-form-urlencoded": object{"schema": schema}}}
}

// parameters describes the parameters of a node, without where they are.
func (e *endpoint) parameters() []object {
	list := []object{}
	add := func(name, about string, schema object, required bool) {
		p := object{"name": name, "description": about, "schema": schema}
		if required {
			p["required"] = true
		}
		if schema["format"] == "password" {
			p["x-secret"] = true
		}
		list = append(list, p)
	}
	secret := object{"type": "string", "format": "password"}
	if e.guarded {
		add(sessionName, "The session, from auth/login.", secret, true)
		add(authKeyName, "The key of the session, from auth/login or auth/ping.", secret, true)
	}
	t := reflect.TypeOf(e.New()).Elem()
	for _, f := range e.fields.list {
		schema, about := parameterSchema(t.Field(f.index).Type)
		halves := ""
		if f.user != "" {
			halves = " Or " + f.user + " and " + f.domain + "."
		}
		add(f.name, about+halves, schema, f.required && f.user == "")
		if f.user == "" {
			continue
		}
		add(f.user, "The user part of "+f.name+".", object{"type": "string"}, false)
		if !f.lone {
			add(f.domain, "The domain of "+f.name+".", object{"type": "string"}, false)
		}
	}
	if e.options {
		add(dryRunName, "Whether nothing is to be changed.", boolParameter(), false)
		add(keyName, "With the same key the call can be repeated, and is done once.", object{"type": "string", "maxLength": 64}, false)
	}
	return list
}

// responses describes the answers of a node by HTTP status.
func (e *endpoint) responses(s schemas) object {
	output := e.Response
	failure := object{"$ref": "#/components/schemas/Failure"}
	fields := responseFieldsOf(output)
	responses := object{"default": object{
		"description": "A refusal of the request as a whole, or a fault.",
		"content":     object{"application/json": object{"schema": failure}},
	}}
	content := object{"application/json": object{"schema": object{"anyOf": []object{e.successSchema(s, output), failure}}}}
	if fields.text >= 0 {
		content = object{
			"text/plain":       object{"schema": object{"type": "string"}},
			"application/json": object{"schema": failure},
		}
	}
	responses["200"] = object{"description": "The answer, or the reason why there is none.", "content": content}
	return responses
}

// successSchema describes the answer to a call that did what was asked for.
func (e *endpoint) successSchema(s schemas, output reflect.Type) object {
	properties, required := s.members(output)
	properties["response"] = object{"type": "string", "enum": []string{string(e.Answers)}}
	required = append(required, "response")
	if e.options {
		properties[dryRunName] = object{"type": "boolean"}
	}
	if responseFieldsOf(output).list >= 0 {
		properties["next"] = object{"type": "string", "description": "The value of after for the next page; absent at the end."}
	}
	return object{"type": "object", "properties": properties, "required": required}
}

func failureSchema() object {
	text := object{"type": "string"}
	return object{
		"type": "object",
		"properties": object{
			"response":    object{"type": "string", "enum": []hermes.Response{hermes.Failed, hermes.Invalid, hermes.Fault}},
			"cause":       object{"type": "string", "description": "What is wrong, for programs."},
			"detail":      object{"type": "string", "description": "What is wrong, for people."},
			"description": text,
			"until":       object{"type": "string", "format": "date-time"},
		},
		"required": []string{"response", "cause", "detail"},
	}
}
