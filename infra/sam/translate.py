"""Prints the CloudFormation that AWS's own translator makes of template.yaml, as JSON, for one stage of samconfig.toml.

    translate.py template.yaml samconfig.toml prod

The answer has the parameters in force, the stage's tags, the template with Ref and If of parameters resolved, and the
translator's warnings.
"""

import json
import logging
import sys
import warnings

import boto3
import tomlkit
from samcli.cli.types import CfnTags
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


def parameters_of(template, config, stage):
    """The template's defaults, overridden by the stage's values."""
    values = {name: str(p["Default"]) for name, p in template["Parameters"].items() if "Default" in p}
    for override in config[stage]["deploy"]["parameters"]["parameter_overrides"]:
        name, value = str(override).split("=", 1)
        values[name] = value
    return values


def packaged(template):
    """The template as `sam package` leaves it: code is in a bucket."""
    code = template["Globals"]["Function"].pop("CodeUri")
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            assert resource["Properties"].get("CodeUri", code) == code
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return template


def condition(expression, values):
    """A condition's truth; only Equals of parameters is in use."""
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
        return resolved(yes if condition(conditions[name], values) else no, values, conditions)
    return {key: resolved(value, values, conditions) for key, value in node.items()}


def main(template_file, config_file, stage):
    gather = Gather()
    logging.getLogger().addHandler(gather)
    with open(template_file, encoding="utf-8") as file:
        template = yaml_parse(file)
    with open(config_file, encoding="utf-8") as file:
        config = tomlkit.load(file)
    values = parameters_of(template, config, stage)
    tags = CfnTags().convert(str(config[stage]["deploy"]["parameters"]["tags"]), None, None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = boto3.session.Session(region_name=REGION)
        translator = Translator({}, Parser(), boto_session=session)
        output = translator.translate(sam_template=packaged(template), parameter_values=dict(values))
    ours = [str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning)]
    json.dump(
        {
            "parameters": values,
            "tags": tags,
            "template": resolved(output, values, template.get("Conditions", {})),
            "warnings": gather.messages + ours,
        },
        sys.stdout,
        default=str,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
