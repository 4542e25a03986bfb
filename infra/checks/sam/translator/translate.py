"""Prints, as JSON, the CloudFormation that AWS's own translator makes of a SAM template.

    translate.py < request

The request has the template's path, the parameters that are set, and where the code is: an S3 URI for every function, in
which {} stands for its logical ID. The answer has the parameters in force, the template, the same with Ref and If of
parameters resolved, and the translator's warnings.
"""

import json
import logging
import sys
import warnings

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

REGION = "us-east-1"


class Gather(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []
        # Its own roll-outs, which it knows only inside of AWS, are no matter of ours.
        self.addFilter(lambda record: not record.name.startswith("samtranslator.feature_toggle"))

    def emit(self, record):
        self.messages.append(record.getMessage())


def packaged(template, code):
    """The template as `sam package` leaves it: code is in a bucket."""
    local = template["Globals"]["Function"].pop("CodeUri")
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            assert resource["Properties"].get("CodeUri", local) == local
            resource["Properties"]["CodeUri"] = code.format(name)
    return template


def condition(expression, values, conditions):
    """A condition's truth; Equals, Not and And of parameters are in use."""
    if "Condition" in expression:
        return condition(conditions[expression["Condition"]], values, conditions)
    if "Fn::Not" in expression:
        return not condition(expression["Fn::Not"][0], values, conditions)
    if "Fn::And" in expression:
        return all(condition(part, values, conditions) for part in expression["Fn::And"])
    left, right = (values[part["Ref"]] if isinstance(part, dict) else part for part in expression["Fn::Equals"])
    return left == right


def resolved(node, values, conditions):
    """The node with each Ref of a parameter and each If replaced by what it gives."""
    if isinstance(node, list):
        return [resolved(item, values, conditions) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"} and node["Ref"] in values:
        return values[node["Ref"]]
    if set(node) == {"Fn::If"}:
        name, yes, no = node["Fn::If"]
        return resolved(yes if condition(conditions[name], values, conditions) else no, values, conditions)
    return {key: resolved(value, values, conditions) for key, value in node.items()}


def main(request):
    gather = Gather()
    logging.getLogger().addHandler(gather)
    with open(request["template"], encoding="utf-8") as file:
        template = yaml_parse(file)
    values = {name: str(p["Default"]) for name, p in template["Parameters"].items() if "Default" in p}
    values.update(request["parameters"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = boto3.session.Session(region_name=REGION)
        translator = Translator({}, Parser(), boto_session=session)
        output = translator.translate(sam_template=packaged(template, request["code"]), parameter_values=dict(values))
    ours = [str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning)]
    conditions = template.get("Conditions", {})
    json.dump(
        {
            "parameters": values,
            "template": output,
            "resolved": resolved(output, values, conditions),
            "warnings": gather.messages + ours,
        },
        sys.stdout,
        default=str,
    )


if __name__ == "__main__":
    main(json.load(sys.stdin))
