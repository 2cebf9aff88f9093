"""Changes of a part of the service's document (golden/openapi_changes.json): which break a client, and which do not.

Each is (name, change, words of the finding), of SINCE (name, change before, change, words); without words it fits. Used by
openapi_changes_test.py."""

import copy
import json
from pathlib import Path

SAMPLE = json.loads((Path(__file__).parent / "golden/openapi_changes.json").read_text())
JSON = "application/json"


def operation(document, name):
    return next(one for item in document["paths"].values() for one in item.values() if one["operationId"] == name)


def named(document, name):
    return document["components"]["schemas"][name]


def members(document, name):
    return named(document, name)["properties"]


def replies(document, name):
    return operation(document, name)["responses"]


def parameter(document, name="limit"):
    return next(one for one in operation(document, "listProducts")["parameters"] if one["name"] == name)


def webhook(document):
    return document["webhooks"]["user.created"]["post"]


def told(document):
    return webhook(document)["requestBody"]["content"][JSON]["schema"]["properties"]


def header(document, name):
    return document["components"]["headers"][name]


def scheme(document, name):
    return document["components"]["securitySchemes"][name]


def taken(name, **words):
    return lambda document: members(document, "NewProduct")[name].update(words)


def taken_as(name, schema):
    return lambda document: members(document, "NewProduct").update({name: schema})


def given(name, **words):
    return lambda document: members(document, "ProductDetails")[name].update(words)


def every(schema, change):
    """Changes each member of a schema that the change is about; a change that is about none is a mistake of the case."""

    def run(document):
        changed = [change(member) for member in members(document, schema).values()]
        assert any(changed), f"{schema} has no such member"

    return run


def pattern(member, value=None):
    if "pattern" not in member:
        return False
    member.pop("pattern") if value is None else member.update(pattern=value)
    return True


def narrow_integers(member):
    if member.get("format") != "int64":
        return False
    member["format"] = "int32"
    return True


def moved(document, path, other):
    document["paths"][other] = document["paths"].pop(path)


def status_moved(name, before, after):
    return lambda document: replies(document, name).update({after: replies(document, name).pop(before)})


def renamed(document):
    text = json.dumps(document).replace('schemas/SoldBy"', 'schemas/HowSold"')
    other = json.loads(text)
    other["components"]["schemas"]["HowSold"] = other["components"]["schemas"].pop("SoldBy")
    document.clear()
    document.update(other)


def as_one_schema(document):
    document["components"]["schemas"]["Any"] = {"type": ["string", "null"], "maxLength": 80}
    for name in ("brand", "active", "trackStock"):
        members(document, "NewProduct")[name] = {"$ref": "#/components/schemas/Any"}


def parameter_by_ref(document):
    shown = operation(document, "listProducts")
    document["components"]["parameters"] = {"Limit": parameter(document)}
    rest = [one for one in shown["parameters"] if one["name"] != "limit"]
    shown["parameters"] = [{"$ref": "#/components/parameters/Limit"}, *rest]


def body_by_ref(document):
    create = operation(document, "createProduct")
    document["components"]["requestBodies"] = {"Product": create["requestBody"]}
    create["requestBody"] = {"$ref": "#/components/requestBodies/Product"}


def reply_by_ref(document):
    found = replies(document, "getProduct")
    document["components"]["responses"]["product"] = found["200"]
    found["200"] = {"$ref": "#/components/responses/product"}


def item_by_ref(document):
    document["components"]["pathItems"] = {"Login": document["paths"]["/v1/auth/login"]}
    document["paths"]["/v1/auth/login"] = {"$ref": "#/components/pathItems/Login"}


def parameter_of_all(**words):
    one = {"in": "query", "name": "shop", "schema": {"type": "string"}, **words}
    return lambda document: document["paths"]["/v1/products"].update(parameters=[one])


def security_of_all(document):
    operation(document, "login").pop("security")
    document["security"] = [{"bearer": []}]


def deprecated(text):
    return lambda document: operation(document, "getProduct").update(deprecated=True, description=text)


def as_one_of(name):
    def run(document):
        member = members(document, "NewInvite")[name]
        member["oneOf"] = member.pop("anyOf")

    return run


def sold_by(schema):
    return taken_as("soldBy", {**schema, "description": 'When left out: `"unit"`.'})


def reorder_level(document):
    return members(document, "NewVariant")["reorderLevel"]


def pack(document):
    return members(document, "Barcode")["packQuantity"]


def channel(**words):
    return lambda document: members(document, "NewInvite").update(channel=words)


def variant(name, permission):
    return lambda document: members(document, "VariantDetails")[name].update({"x-permission": permission})


def payment(name, schema):
    return lambda document: members(document, "C2bPayment").update({name: schema})


def states(*values):
    return lambda document: document["components"]["schemas"].update(C2bState={"anyOf": [{"const": value} for value in values]})


def header_of_upload(**words):
    headers = {"length": {"type": "string", **words}}
    return lambda document: members(document, "UploadTarget")["headers"].update(properties=headers)


def body_as(name, media_type):
    def run(document):
        body = operation(document, name)["requestBody"]
        body["content"] = {media_type: body["content"][JSON]}

    return run


def problem(status, schema, media_type="application/problem+json"):
    reply = {"description": "", "content": {media_type: {"schema": schema}}}
    return lambda document: replies(document, "getProduct").update({status: reply})


def conflict(schema):
    return problem("410", schema)


def served_at(url, own=None):
    def run(document):
        document["servers"] = [{"url": url}]
        if own is not None:
            operation(document, "login")["servers"] = [{"url": own}]

    return run


TEXT = {"type": "string"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
SOLD_BY = {"$ref": "#/components/schemas/SoldBy"}
SOLD_BY_VALUES = ["unit", "weight", "length", "volume"]
CHANNELS = ["email", "sms", "whatsapp", "app"]
NULL = {"type": "null"}

CASES = [
    # ---- Operations
    ("path removed", lambda d: d["paths"].pop("/v1/products"), "is gone"),
    ("operation removed", lambda d: d["paths"]["/v1/products"].pop("post"), "POST /v1/products: is gone"),
    ("operationId", lambda d: operation(d, "getProduct").update(operationId="x"), "operationId getProduct is now x"),
    ("a path's parameter renamed", lambda d: moved(d, "/v1/products/{id}", "/v1/products/{productId}"), "is gone"),
    ("description", lambda d: operation(d, "getProduct").update(description="x"), None),
    ("tags", lambda d: operation(d, "getProduct").update(tags=["x"]), None),
    (
        "permission",
        lambda d: operation(d, "createProduct").update({"x-permission": "owner.only"}),
        "needs the permission owner.only",
    ),
    (
        "another path before ours",
        lambda d: d.update(servers=[{"url": "http://localhost:8080/api"}]),
        "no longer at the server's path /",
    ),
    ("another host", lambda d: d.update(servers=[{"url": "https://api.example.com/"}]), None),
    ("an operation's own server", lambda d: operation(d, "login").update(servers=[{"url": "/auth"}]), "server's path /"),
    (
        "an unknown word",
        lambda d: operation(d, "getProduct").update({"x-sunset": "2026-12-01"}),
        "does not know the word x-sunset (operation)",
    ),
    ("deprecated without a date", deprecated("Old."), "does not say until when"),
    ("deprecated", deprecated("Deprecated since 2026-12-01; it may be gone from 2027-07-01 on."), None),
    # ---- Who may call
    (
        "a way of log-in removed",
        lambda d: operation(d, "createProduct").update(security=[{"bearer": []}]),
        "no longer takes session",
    ),
    (
        "both ways at once",
        lambda d: operation(d, "createProduct").update(security=[{"bearer": [], "session": []}]),
        "no longer takes bearer",
    ),
    ("log-in for a public route", lambda d: operation(d, "login").update(security=[{"bearer": []}]), "needs a log-in now"),
    ("log-in for all, own word dropped", security_of_all, "needs a log-in now"),
    ("a log-in that may be left out", lambda d: operation(d, "login").update(security=[{}, {"bearer": []}]), None),
    (
        "a scope",
        lambda d: operation(d, "createProduct").update(security=[{"bearer": ["x"]}, {"session": []}]),
        "no longer takes bearer",
    ),
    ("one more way", lambda d: operation(d, "createProduct")["security"].append({"key": []}), None),
    (
        "bearer becomes a key",
        lambda d: scheme(d, "bearer").update(type="apiKey", name="X-Key", **{"in": "header"}),
        "log-in bearer: type",
    ),
    ("cookie renamed", lambda d: scheme(d, "session").update(name="sid2"), "log-in session: name __Host-sid is now sid2"),
    ("scheme gone", lambda d: d["components"]["securitySchemes"].pop("session"), "log-in session: is gone"),
    ("the name of a scheme in capitals", lambda d: scheme(d, "bearer").update(scheme="Bearer"), None),
    ("scheme's words", lambda d: scheme(d, "bearer").update(bearerFormat="opaque", description="x"), None),
    # ---- Parameters
    ("default changed", lambda d: parameter(d)["schema"].update(default=500), "left out, it means 500 now, meant 50"),
    ("default gone", lambda d: parameter(d)["schema"].pop("default"), "left out, it means null now"),
    ("maximum lower", lambda d: parameter(d)["schema"].update(maximum=100), "maximum is 100 now, was 500"),
    ("parameter renamed", lambda d: parameter(d).update(name="size"), "limit: is gone"),
    ("parameter moved", lambda d: parameter(d).update({"in": "header"}), "limit: is gone"),
    ("parameter required", lambda d: parameter(d).update(required=True), "limit: is required now"),
    ("explode of a list", lambda d: parameter(d, "fields").update(explode=True), "explode is another"),
    ("explode of a number, which has no parts", lambda d: parameter(d).update(explode=False), None),
    ("allowReserved as it is by default", lambda d: parameter(d, "search").update(allowReserved=False), None),
    ("allowReserved", lambda d: parameter(d, "search").update(allowReserved=True), "allowReserved false is now true"),
    ("numbers with a point", lambda d: parameter(d)["schema"].update(minimum=1.0, maximum=500.0, default=50.0), None),
    ("explode as it is by default", lambda d: parameter(d).update(explode=True, style="form"), None),
    (
        "parameter as JSON",
        lambda d: parameter(d).update(content={JSON: {"schema": parameter(d).pop("schema")}}),
        "has another form",
    ),
    ("parameter of all, required", parameter_of_all(required=True), "is new and required"),
    ("parameter of all", parameter_of_all(), None),
    ("parameter by $ref", parameter_by_ref, None),
    (
        "minimum 1 as over 0",
        lambda d: parameter(d)["schema"].update(exclusiveMinimum=parameter(d)["schema"].pop("minimum") - 1),
        None,
    ),
    ("minimum over 1", lambda d: parameter(d)["schema"].update(exclusiveMinimum=1), "minimum is 2 now, was 1"),
    ("int64 is taken", lambda d: parameter(d)["schema"].update(format="int64"), None),
    ("a number is taken", lambda d: parameter(d)["schema"].update(type="number"), None),
    # ---- Bodies that we take
    (
        "new required member",
        lambda d: (taken_as("zz", {})(d), named(d, "NewProduct")["required"].append("zz")),
        "zz: is required now",
    ),
    ("required member", lambda d: named(d, "NewProduct")["required"].append("brand"), "brand: is required now"),
    ("member that may be sent", taken_as("zz", {"type": "string"}), None),
    ("null refused", taken("brand", type="string"), "takes no null any more"),
    ("member gone", lambda d: members(d, "NewProduct").pop("brand"), "brand: is gone"),
    ("maxLength lower", taken("name", maxLength=100), "maxLength is 100 now, was 200"),
    ("maxLength higher", taken("name", maxLength=500), None),
    ("minLength higher", taken("name", minLength=3), "minLength is 3 now, was 1"),
    ("minLength lower", taken("name", minLength=0), None),
    ("pattern added", taken("name", pattern="^a"), "pattern is ^a now, was none"),
    ("patterns dropped", every("NewVariant", pattern), None),
    ("format added", taken("name", format="email"), "format is email now"),
    ("boolean becomes string", taken("active", type="string"), "takes no boolean any more"),
    ("multipleOf", taken("name", type="integer", multipleOf=5), "takes no string"),
    ("multipleOf of a parameter", lambda d: parameter(d)["schema"].update(multipleOf=5), "multipleOf is 5 now"),
    ("readOnly", taken("name", readOnly=True), "name: is readOnly now"),
    ("writeOnly", taken("name", writeOnly=True), None),
    ("value removed", lambda d: named(d, "SoldBy")["enum"].pop(), 'takes no "volume" any more'),
    (
        "media type removed",
        lambda d: operation(d, "createProduct")["requestBody"].update(content={"text/csv": {}}),
        f"takes no {JSON}",
    ),
    ("body required", lambda d: operation(d, "createProduct")["requestBody"].pop("required"), None),
    ("uniqueItems", taken("variants", uniqueItems=True), "uniqueItems is True now"),
    ("maxItems lower", taken("variants", maxItems=1), "maxItems is 1 now, was 100"),
    ("inner member gone", lambda d: members(d, "NewProductVariant").pop("sku"), "NewProductVariant.sku: is gone"),
    ("not", taken("name", **{"not": {"const": "x"}}), "not is"),
    ("propertyNames", lambda d: named(d, "NewProduct").update(propertyNames={"maxLength": 4}), "propertyNames"),
    (
        "dependentRequired",
        lambda d: named(d, "NewProduct").update(dependentRequired={"brand": ["categoryId"]}),
        "dependentRequired",
    ),
    ("discriminator", lambda d: named(d, "NewProduct").update(discriminator={"propertyName": "kind"}), "discriminator"),
    ("if", lambda d: named(d, "NewProduct").update({"if": {"required": ["brand"]}, "then": False}), "if null is now"),
    ("a word of JSON Schema that is none", taken("name", nullable=True), "does not know the word nullable (schema)"),
    ("default in a sentence changed", taken("trackStock", description="When left out: `false`."), "it means false now, meant true"),
    ("default in a sentence becomes a word", taken("trackStock", description="", default=True), None),
    ("default in a sentence gone", taken("trackStock", description="Words."), "it means null now, meant true"),
    ("several schemas become one", as_one_schema, "takes no boolean any more"),
    ("values beside $ref", taken_as("soldBy", {**SOLD_BY, "enum": ["unit"]}), 'takes no "length", "volume", "weight" any more'),
    ("a text beside $ref", taken("soldBy", title="x"), None),
    ("nullable by anyOf", taken("soldBy", **{"anyOf": [SOLD_BY, NULL]}), None),
    ("allOf of one", taken("soldBy", allOf=[SOLD_BY]), None),
    ("allOf of two", taken("name", allOf=[{"maxLength": 50}, {"minLength": 1}]), "maxLength is 50 now"),
    ("one more alternative", lambda d: members(d, "NewInvite")["channel"]["anyOf"].append({"type": "integer"}), None),
    ("order of alternatives", lambda d: members(d, "NewInvite")["channel"]["anyOf"].reverse(), None),
    ("an alternative less", lambda d: members(d, "NewInvite")["channel"]["anyOf"].pop(), "takes no null any more"),
    ("one of them alone, which have nothing in common", as_one_of("channel"), None),
    ("a number and an integer, one of them alone", taken_as("brand", {"oneOf": [TEXT, {"maxLength": 80}]}), "two of its schemas"),
    ("least of a decimal higher", lambda d: reorder_level(d).update({"x-minimum": "0"}), "minimum is 0 now, was -5.5"),
    ("least of a decimal lower", lambda d: reorder_level(d).update({"x-minimum": "-10"}), None),
    ("most of a decimal lower", lambda d: reorder_level(d).update({"x-maximum": "10"}), "x-maximum is 10 now, was 1000000000"),
    ("most of a decimal, written otherwise", lambda d: reorder_level(d).update({"x-maximum": "1000000000.00"}), None),
    ("most of a decimal gone", lambda d: reorder_level(d).pop("x-maximum"), None),
    ("a decimal may not be zero", lambda d: reorder_level(d).update({"x-not-zero": True}), "x-not-zero is True now"),
    ("a request's member is for readers", lambda d: reorder_level(d).update({"x-permission": "costs.read"}), None),
    ("values as a text", sold_by({"type": "string", "maxLength": 10000}), None),
    ("values as a text that is shorter than one", sold_by({"type": "string", "maxLength": 5}), 'takes no "length"'),
    ("values as alternatives", sold_by({"oneOf": [{"const": name} for name in SOLD_BY_VALUES]}), None),
    ("values as alternatives, one less", sold_by({"oneOf": [{"const": "unit"}, {"enum": ["weight"]}]}), '"length"'),
    ("nullable values in a list of types", channel(type=["string", "null"], enum=[*CHANNELS, None]), None),
    ("nullable values in a list of types, without null", channel(type=["string", "null"], enum=CHANNELS), "takes no null"),
    ("both booleans", taken("active", enum=[True, False]), None),
    ("one boolean", taken("active", const=True), "takes no false any more"),
    ("a text gets values", taken("name", enum=["a"]), "takes certain values alone now"),
    ("any media type", body_as("createProduct", "*/*"), None),
    ("any media type of a kind", body_as("createUpload", "application/*"), None),
    ("any media type of another kind", body_as("createUpload", "text/*"), f"takes no {JSON} any more"),
    ("maxLength is null", taken("name", maxLength=None), "maxLength: null is no value of this word"),
    ("parameters are null", lambda d: operation(d, "listProducts").update(parameters=None), "null is no value of this word"),
    ("required is no list", taken("variants", required=True), "required: true is no value"),
    ("items are a list", taken("variants", items=[TEXT]), "is no value of this word"),
    ("a mapping that is none", taken("name", discriminator={"mapping": 5}), "is no value of this word"),
    ("no type at all", given("version", type=[]), "type: [] is no value"),
    ("a type that is none", given("version", type="int"), 'type: "int" is no value'),
    ("a list with what is no type", given("version", type=["integer", 5]), "is no value of this word"),
    ("a name that is none", lambda d: named(d, "NewProduct")["required"].append(5), "5] is no value of this word"),
    ("no scopes", lambda d: operation(d, "createProduct").update(security=[{"bearer": None}]), "is no value of this word"),
    ("a server's variable without a default", lambda d: d["servers"][0].update(variables={"a": {}}), "is no value of this word"),
    ("a number without an end", given("version", maximum=float("inf")), "is no value of this word"),
    ("a decimal's least is no decimal", lambda d: reorder_level(d).update({"x-minimum": 0}), "x-minimum: 0 is no value"),
    ("body by $ref", body_by_ref, None),
    # ---- Replies
    ("success removed", lambda d: replies(d, "createProduct").pop("201"), "does not answer 201"),
    ("success moved", status_moved("createProduct", "201", "200"), "may answer 200 now"),
    ("member of a reply gone", lambda d: members(d, "ProductDetails").pop("brand"), "brand: is gone"),
    ("member of a reply optional", lambda d: named(d, "ProductDetails")["required"].remove("brand"), "brand: may be missing now"),
    ("member of a reply nullable", given("name", type=["string", "null"]), "may be null now"),
    ("a reply's type", given("active", type="string"), "may be string now"),
    ("a reply's int32 becomes int64", given("version", format="int64"), "format is int64 now, was int32"),
    ("a reply's int64 becomes int32", every("VariantDetails", narrow_integers), None),
    ("a reply's maximum", given("version", maximum=9007199254740991), "maximum is 9007199254740991 now"),
    ("a reply's maxLength up", given("name", maxLength=100000), "maxLength is 100000 now"),
    ("a reply's maxLength down", given("name", maxLength=10), None),
    ("a reply may be empty", lambda d: members(d, "ProductDetails")["name"].pop("minLength"), "minLength is none now, was 1"),
    ("a reply's pattern changed", every("VariantDetails", lambda member: pattern(member, "^.*$")), "pattern is ^.*$ now"),
    ("a reply's pattern dropped", every("VariantDetails", pattern), "pattern is none now"),
    ("a reply's items dropped", lambda d: members(d, "ProductDetails")["variants"].pop("items"), "is of any type now"),
    ("a reply's items of any kind", given("variants", items=True), "is of any type now"),
    ("a reply's value added", lambda d: named(d, "SoldBy")["enum"].append("barrel"), 'may be "barrel" now'),
    ("a reply's member writeOnly", given("name", writeOnly=True), "name: is writeOnly now"),
    ("a reply's member readOnly", given("name", readOnly=True), None),
    ("a reply's integer", given("version", type="integer"), None),
    ("map of anything", lambda d: members(d, "UploadTarget")["headers"].update(additionalProperties=True), "is of any type now"),
    (
        "map of nothing",
        lambda d: members(d, "UploadTarget")["headers"].update(additionalProperties=False),
        "has no values by name any more",
    ),
    (
        "free map closed",
        lambda d: members(d, "ProblemIssue")["params"].update(additionalProperties=False),
        "has no values by name any more",
    ),
    (
        "a reply's nullable by anyOf",
        lambda d: members(d, "ProductDetails").update(soldBy={"anyOf": [SOLD_BY, NULL]}),
        "may be null now",
    ),
    ("a reply's decimal may be zero", lambda d: pack(d).pop("x-not-zero"), "x-not-zero is none now, was True"),
    ("a reply's decimal may be less", lambda d: pack(d).update({"x-minimum": "-1"}), "x-minimum is -1 now, was 0"),
    ("a reply's decimal has a limit", lambda d: pack(d).update({"x-maximum": "5"}), None),
    ("a member is newly for readers", variant("price", "costs.read"), "price: is sent to readers with the permission costs.read"),
    ("a member is for other readers", variant("cost", "owner.only"), "cost: is sent to readers with the permission owner.only"),
    ("a member is for all", lambda d: members(d, "VariantDetails")["cost"].pop("x-permission"), None),
    ("a reply's text becomes values", payment("provider", {"type": "string", "enum": ["mpesa", "airtel"]}), None),
    ("a reply's text becomes one value", payment("currency", {"const": "KES"}), None),
    ("a reply's text becomes values and null", payment("currency", {"enum": ["KES", None]}), "may be null now"),
    ("a reply's values become a text", payment("state", {"type": "string", "maxLength": 20}), "may be any value now"),
    ("a reply's integer becomes values", lambda d: members(d, "Problem").update(status={"enum": [400, 404, 500]}), None),
    (
        "a reply's integer becomes values out of it",
        lambda d: members(d, "Problem").update(status={"enum": [400, 200]}),
        "may be 200 now",
    ),
    ("a reply's values as alternatives", states("matched", "unmatched"), None),
    ("a reply's values as alternatives, one more", states("matched", "new"), 'may be "new" now'),
    ("a map's member", header_of_upload(maxLength=5), None),
    ("a map's member of another type", header_of_upload(type="integer"), "length: may be integer now"),
    ("a reply is not a certain value", given("name", **{"not": {"const": "x"}}), None),
    ("a reply loses null", lambda d: members(d, "C2bPayment")["matchedKind"]["anyOf"].pop(), None),
    (
        "media type of a reply",
        lambda d: replies(d, "getProduct")["200"].update(content={"text/plain": {}}),
        "may be text/plain now",
    ),
    ("header removed", lambda d: replies(d, "getProduct")["200"]["headers"].pop("ETag"), "has no header ETag any more"),
    ("header retyped", lambda d: header(d, "ETag").update(schema={"type": "integer"}), "header ETag: may be integer now"),
    (
        "header of all replies retyped",
        lambda d: header(d, "RateLimit").update(schema={"type": "object"}),
        "RateLimit: may be object",
    ),
    ("header may be missing", lambda d: header(d, "X-Request-Id").pop("required"), "X-Request-Id: may be missing now"),
    ("header more", lambda d: replies(d, "getProduct")["200"]["headers"].update(X={"schema": {"type": "string"}}), None),
    (
        "header in small letters",
        lambda d: replies(d, "getProduct")["200"]["headers"].update(etag=replies(d, "getProduct")["200"]["headers"].pop("ETag")),
        None,
    ),
    ("media type of a reply, of a range", lambda d: replies(d, "getImageFile")["200"].update(content={"image/png": {}}), None),
    ("early hints", lambda d: replies(d, "getProduct").update({"103": {"description": ""}}), None),
    ("304 dropped", lambda d: replies(d, "getProduct").pop("304"), "does not answer 304"),
    ("304 for who asks for it", lambda d: replies(d, "listProducts").update({"304": {"description": ""}}), None),
    ("206 dropped", lambda d: replies(d, "getImageFile").pop("206"), "does not answer 206"),
    ("101 dropped", lambda d: replies(d, "connectSocket").pop("101"), "does not answer 101"),
    (
        "another reply by $ref",
        lambda d: d["components"]["schemas"].update(ProductDetails={"type": "object"}),
        "ProductDetails.brand: is gone",
    ),
    ("a reply by $ref", reply_by_ref, None),
    ("a path item by $ref", item_by_ref, None),
    ("a reply of `fields`", lambda d: members(d, "ProductPartial").pop("brand"), "ProductPartial.brand: is gone"),
    ("schema renamed", renamed, None),
    ("unused schema", lambda d: d["components"]["schemas"].update(Unused={"type": "string"}), None),
    # ---- Problems
    ("code's status", lambda d: d["x-problems"]["auth.busy"].update(status=418), "problem auth.busy: status 503 is now 418"),
    ("code gone", lambda d: d["x-problems"].pop("auth.busy"), "problem auth.busy: is gone"),
    ("code's title", lambda d: d["x-problems"]["auth.busy"].update(title="x"), None),
    # By decision: clients act on a problem's `action`, not on its status.
    ("one operation's problem has another status", status_moved("getProduct", "404", "410"), None),
    ("Problem.retriable gone", lambda d: members(d, "Problem").pop("retriable"), "Problem.retriable: is gone"),
    ("Problem.action gone", lambda d: members(d, "Problem").pop("action"), "Problem.action: is gone"),
    ("Problem.errors' items", lambda d: members(d, "ProblemIssue").pop("code"), "ProblemIssue.code: is gone"),
    ("Problem gets a member", lambda d: members(d, "Problem").update(hint={"type": "string"}), None),
    ("an operation's problem has more members", conflict({"allOf": [PROBLEM, {"properties": {"existing": TEXT}}]}), None),
    ("all problems as before", problem("default", PROBLEM), None),
    ("all problems have more members", problem("default", {"allOf": [PROBLEM, {"properties": {"existing": TEXT}}]}), None),
    ("all problems as a text", problem("default", TEXT, "text/plain"), "default: may be text/plain now"),
    ("all problems without a body", lambda d: replies(d, "getProduct").update(default={"description": ""}), "default: is no"),
    ("an operation's problem is another schema", conflict({"type": "object"}), "answers 410 with no problem document"),
    ("Problem gone", lambda d: d["components"]["schemas"].pop("Problem"), "$ref #/components/schemas/Problem leads nowhere"),
    (
        "problems as another media type",
        lambda d: [one.update(content={JSON: {}}) for one in d["components"]["responses"].values()],
        "with no problem document now",
    ),
    # ---- Webhooks
    ("webhook gone", lambda d: d["webhooks"].pop("user.created"), "webhook user.created: is gone"),
    ("webhook more", lambda d: d["webhooks"].update(other={"post": webhook(d)}), None),
    ("webhook's header gone", lambda d: webhook(d)["parameters"].pop(), "header parameter webhook-signature: is gone"),
    ("webhook's header retyped", lambda d: webhook(d)["parameters"][0].update(schema={"type": "integer"}), "may be integer now"),
    ("webhook's header optional", lambda d: webhook(d)["parameters"][0].update(required=False), "webhook-id: may be missing now"),
    ("webhook's header more", lambda d: webhook(d)["parameters"].append({"in": "header", "name": "x", "required": True}), None),
    (
        "webhook by PUT",
        lambda d: d["webhooks"]["user.created"].update(put=d["webhooks"]["user.created"].pop("post")),
        "is gone as POST",
    ),
    ("webhook's type", lambda d: told(d)["type"].update(const="user.made"), 'may be "user.made" now'),
    ("webhook's const as values", lambda d: told(d).update(type={"enum": ["user.created"]}), None),
    ("webhook's body may be missing", lambda d: webhook(d)["requestBody"].pop("required"), "may be missing now"),
    ("webhook's answer", lambda d: webhook(d).update(responses={"204": {"description": ""}}), "takes no answer 2XX any more"),
]


# Of a document that was changed before: what it had, and has.
META = {"type": "object", "additionalProperties": True}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def kinds(schema, **mapping):
    """A member that is one of some objects, told apart by `kind`."""

    def run(document):
        for name in "abc":
            shown = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name}}}
            document["components"]["schemas"][f"Kind{name.upper()}"] = shown
        refs = {name: f"#/components/schemas/Kind{to}" for name, to in mapping.items()}
        one_of = [{"$ref": ref} for ref in sorted(refs.values())]
        members(document, schema)["what"] = {"oneOf": one_of, "discriminator": {"propertyName": "kind", "mapping": refs}}

    return run


def extended(pattern):
    """A closed object that has names of a pattern."""
    return lambda document: named(document, "NewProduct").update(patternProperties=pattern)


def brand(required=True, **words):
    def run(document):
        members(document, "NewProduct")["brand"].update(words)
        if required:
            named(document, "NewProduct")["required"].append("brand")

    return run


def schema_of_limit(**words):
    """Of a parameter that is JSON."""

    def run(document):
        parameter(document).pop("schema")
        parameter(document)["content"] = {JSON: {"schema": {"type": "integer", **words}}}

    return run


LEAF = {"type": "object", "properties": {"parent": {"$ref": "#/components/schemas/Tree"}, "value": TEXT}, "required": ["value"]}
BRANCH = {"type": "object", "properties": {"parent": {"$ref": "#/components/schemas/Tree"}, "size": TEXT}, "required": ["size"]}


def tree(schema, child, *order):
    """Members that are compared one after the other: one of two kinds that are in each other, and a tree of one kind alone."""

    def run(document):
        kinds = {"Leaf": LEAF, "Branch": BRANCH}
        refs = {name: {"$ref": f"#/components/schemas/{name}"} for name in kinds}
        document["components"]["schemas"].update(kinds, Tree={"type": "object", "properties": {"child": refs[child]}})
        any_of = {"anyOf": [refs[name] for name in order]}
        members(document, schema).update(kind=any_of, tree={"$ref": "#/components/schemas/Tree"})

    return run


def trees(schema):
    """In whatever order the two kinds are told: the tree's child may not become another."""
    orders = (("Leaf", "Branch"), ("Branch", "Leaf"))
    for first in orders:
        for then in orders:
            yield f"kinds in each other, {first} to {then}", tree(schema, "Leaf", *first), tree(schema, "Leaf", *then), None
            for child, other in orders:
                yield f"{child} to {other}, {first} to {then}", tree(schema, child, *first), tree(schema, other, *then), "is gone"


READ = "is sent to readers with the permission costs.read"
SECRET = {**TEXT, "x-permission": "costs.read"}
DECIMAL = {**TEXT, "format": "decimal", "pattern": "^-?[0-9]+$", "x-minimum": "0", "x-maximum": "9", "x-not-zero": True}

SINCE = [
    *trees("NewProduct"),
    *trees("C2bPayment"),
    ("a new kind of all problems", problem("default", TEXT, "text/plain"), problem("default", PROBLEM), "may be application"),
    (
        "all problems lose a member",
        problem("default", {"allOf": [PROBLEM, {"required": ["existing"], "properties": {"existing": TEXT}}]}),
        problem("default", PROBLEM),
        "existing: is gone",
    ),
    ("an alternative for readers", payment("k", {"anyOf": [TEXT, NULL]}), payment("k", {"anyOf": [SECRET, NULL]}), READ),
    ("items for readers", payment("k", {"items": TEXT}), payment("k", {"items": SECRET}), READ),
    ("a map's values for readers", payment("k", TEXTS), payment("k", {**TEXTS, "additionalProperties": SECRET}), READ),
    ("a map's member for readers", payment("k", TEXTS), payment("k", {**TEXTS, "properties": {"x": SECRET}}), READ),
    (
        "the default of an alternative",
        taken_as("k", {"anyOf": [{**TEXT, "default": "a"}, NULL]}),
        taken_as("k", {"anyOf": [{**TEXT, "default": "b"}, NULL]}),
        'left out, it means "b" now',
    ),
    (
        "a default that an alternative says",
        taken_as("k", {"anyOf": [TEXT, NULL], "default": "a"}),
        taken_as("k", {"anyOf": [{**TEXT, "default": "a"}, NULL]}),
        None,
    ),
    ("the default of a parameter as JSON", schema_of_limit(default=1), schema_of_limit(default=2), "left out, it means 2 now"),
    ("a parameter as JSON is", schema_of_limit(default=1), schema_of_limit(default=1), None),
    ("a text that a pattern refuses", payment("k", {**TEXT, "pattern": "^[a-z]+$"}), payment("k", {"const": "abc\n"}), "now"),
    ("a text that a pattern takes", payment("k", {**TEXT, "pattern": "^[a-z]+$"}), payment("k", {"const": "abc"}), None),
    ("a decimal of certain values", payment("k", DECIMAL), payment("k", {"enum": ["9", "1"]}), None),
    ("a decimal of certain values, too high", payment("k", DECIMAL), payment("k", {"enum": ["10"]}), 'may be "10" now'),
    ("a decimal of certain values, too low", payment("k", DECIMAL), payment("k", {"enum": ["-1"]}), 'may be "-1" now'),
    ("a decimal of certain values, zero", payment("k", DECIMAL), payment("k", {"enum": ["0"]}), 'may be "0" now'),
    ("a decimal of certain values that are none", payment("k", DECIMAL), payment("k", {"enum": ["a"]}), 'may be "a" now'),
    ("certain decimals, then all", taken_as("k", {"const": "5"}), taken_as("k", DECIMAL), None),
    ("certain decimals, then others", taken_as("k", {"const": "10"}), taken_as("k", DECIMAL), 'takes no "10" any more'),
    ("an operation leaves the server's path", served_at("https://a/b"), served_at("https://a/b", "https://a/"), "server's path /b"),
    ("an operation's own server is that of all", served_at("https://a/b"), served_at("https://a/b", "https://c/b/"), None),
    ("that of all is its own now", served_at("https://a/b", "https://a/b"), served_at("https://a/b"), None),
    ("a certain value, with a point", taken_as("k", {"const": 1}), taken_as("k", {"const": 1.0}), None),
    ("values without a type", taken_as("k", {"enum": ["a", None]}), taken_as("k", {**TEXT, "enum": ["a", None]}), "takes no null"),
    ("a multiple of half", taken_as("k", {"multipleOf": 10}), taken_as("k", {"multipleOf": 5}), None),
    ("a multiple of more", taken_as("k", {"multipleOf": 5}), taken_as("k", {"multipleOf": 10}), "multipleOf is 10 now, was 5"),
    (
        "an integer becomes a number",
        taken_as("k", {"type": "integer", "format": "int64"}),
        taken_as("k", {"type": "number", "format": "double"}),
        None,
    ),
    (
        "an integer, or a number: each integer is two of them",
        taken_as("k", {"type": "integer"}),
        taken_as("k", {"oneOf": [{"type": "integer"}, {"type": "number"}]}),
        "two of its schemas",
    ),
    ("a member that was ours must be sent", brand(readOnly=True), brand(), "brand: is required now"),
    ("a member that must be sent is ours", brand(), brand(readOnly=True), "brand: is readOnly now"),
    ("a pattern of names is gone", extended({"^x-": TEXT}), lambda d: None, "refuses members that it does not know"),
    ("a pattern of names is new", lambda d: None, extended({"^x-": TEXT}), None),
    (
        "a pattern's name takes less",
        extended({"^x-": TEXT}),
        lambda d: (extended({"^x-": TEXT})(d), taken_as("x-a", {**TEXT, "maxLength": 5})(d)),
        "x-a: maxLength is 5 now",
    ),
    (
        "a pattern's name takes as much",
        extended({"^x-": TEXT}),
        lambda d: (extended({"^x-": TEXT})(d), taken_as("x-a", TEXT)(d)),
        None,
    ),
    ("a pattern's names take less", extended({"^x-": TEXT}), extended({"^x-": {**TEXT, "maxLength": 5}}), "maxLength is 5 now"),
    ("a free map's member", taken_as("m", META), taken_as("m", {**META, "properties": {"x": TEXT}}), "m.x: has a type now"),
    (
        "an open object's member",
        taken_as("m", {**META, "properties": {"a": {}}}),
        taken_as("m", {**META, "properties": {"a": {}, "x": TEXT}}),
        None,
    ),
    (
        "a map's member takes another type",
        taken_as("m", TEXTS),
        taken_as("m", {**TEXTS, "properties": {"x": {"type": "integer"}}}),
        "m.x: takes no string any more",
    ),
    ("a member becomes a map's", taken_as("m", {**TEXTS, "properties": {"x": TEXT}}), taken_as("m", TEXTS), None),
    (
        "a reply's member becomes a map's",
        payment("m", {**TEXTS, "properties": {"x": TEXT}, "required": ["x"]}),
        payment("m", TEXTS),
        "m.x: may be missing now",
    ),
    ("one more kind", kinds("NewProduct", a="A", b="B"), kinds("NewProduct", a="A", b="B", c="C"), None),
    ("a kind less", kinds("NewProduct", a="A", b="B"), kinds("NewProduct", a="A"), 'takes no "b" any more'),
    ("kinds exchanged", kinds("NewProduct", a="A", b="B"), kinds("NewProduct", a="B", b="A"), "discriminator"),
    ("a reply's kind less", kinds("C2bPayment", a="A", b="B"), kinds("C2bPayment", a="A"), None),
    ("one more kind of a reply", kinds("C2bPayment", a="A"), kinds("C2bPayment", a="A", b="B"), 'may be "b" now'),
    (
        "two values become one list",
        payment("k", {"oneOf": [{"const": "a"}, {"const": "b"}]}),
        payment("k", {"enum": ["a", "b"]}),
        None,
    ),
    (
        "a reply that was never null",
        payment("k", {"type": ["string", "null"], "enum": ["a"]}),
        payment("k", {"anyOf": [{"enum": ["a"]}, NULL]}),
        "may be null now",
    ),
    (
        "a media type of any",
        lambda d: replies(d, "getProduct")["200"].update(content={"*/*": {"schema": {"type": "object"}}}),
        lambda d: replies(d, "getProduct")["200"].update(content={JSON: {"schema": {"type": "object"}}}),
        None,
    ),
    (
        "any media type of a certain",
        lambda d: None,
        lambda d: replies(d, "getProduct")["200"].update(content={"*/*": {}}),
        "may be */* now",
    ),
]


def changed(change):
    document = copy.deepcopy(SAMPLE)
    change(document)
    return document
