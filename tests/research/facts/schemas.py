"""Facts from published schemas: of resources of Kubernetes and of AWS, and of Envoy's API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from research.facts.shared import Fact, Facts, Repository, merged

# -- Istio, Argo: the schemas of their resources


def of_resources(
    program: str, repository: str, paths: tuple[str, ...], api: str, source: str
) -> Callable[[Path], dict[str, Any]]:
    def read(folder: Path) -> dict[str, Any]:
        clone = Repository(folder, repository)
        found: list[tuple[str, Fact]] = []
        for path in paths:
            for crd in yaml.safe_load_all(clone.read(path)):
                spec = (crd or {}).get("spec", {})
                for version in spec.get("versions", []):
                    schema = version.get("schema", {}).get("openAPIV3Schema", {})
                    found += in_schema(
                        spec["names"]["kind"], schema.get("properties", {}).get("spec", {}), ("spec",)
                    )
        return {
            "program": program,
            "source": source,
            "around": [{"apiVersion": api, "kind": ""}],
            "prefix": "kind",
            "settings": merged(found),
        }

    return read


def in_schema(kind: str, schema: Fact, path: tuple[str, ...]) -> Iterator[tuple[str, Fact]]:
    """The facts of a resource's schema; the parts of pods are Kubernetes' own."""
    for name, inner in schema.get("properties", {}).items():
        if name not in {"template", "container", "initContainers", "containers"}:
            yield from in_schema(kind, inner, (*path, name))
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from in_schema(kind, schema[key], path)
    fact = {key: {"minimum": "min", "maximum": "max"}[key] for key in ("minimum", "maximum") if key in schema}
    stated: Fact = {short: schema[key] for key, short in fact.items() if abs(schema[key]) < 2**31}
    words = schema.get("enum", [])
    if words and all(isinstance(each, str) and each for each in words):
        stated["values"] = words
    rules = " ".join(str(each.get("message", "")) for each in schema.get("x-kubernetes-validations", []))
    if "valid duration" in rules and schema.get("type") == "string":
        stated["needs_unit"] = True
    default = re.search(r"Defaults to (\d+)( ?s\b| seconds)?", schema.get("description", ""))
    if default and schema.get("type") == "integer":
        stated["default"] = int(default[1])
        if path[-1].endswith("Seconds"):
            stated["unit"] = "s"
    if stated and stated.keys() != {"default"}:
        yield f"{kind}/{'.'.join(path[-2:])}", stated


# -- Envoy: the checks beside the fields of its API


def envoy(folder: Path) -> dict[str, Any]:
    repository = Repository(folder, "envoyproxy/data-plane-api")
    found: list[tuple[str, Fact]] = []
    for path in repository.paths("envoy", ".proto"):
        if re.match(
            r"envoy/(config/(cluster|listener|route|core|endpoint|bootstrap)|extensions/filters/(http|network))/",
            path,
        ):
            found += proto(repository.read(path))
    return {
        "program": "Envoy",
        "source": repository.at("envoy"),
        "around": [
            {"static_resources": ""},
            {"@type": r"type\.googleapis\.com/envoy"},
            {"lb_policy": "", "connect_timeout": ""},
            {"load_assignment": ""},
            {"virtual_hosts": ""},
        ],
        "settings": merged(found),
    }


def proto(text: str) -> Iterator[tuple[str, Fact]]:
    code = re.sub(r"//[^\n]*", "", text)
    for kind, name, rules in re.findall(r"([\w.]+) (\w+) = \d+\s*(\[[^;]*\])?;", code):
        fact: Fact = {}
        if kind == "google.protobuf.Duration":
            fact["needs_unit"] = True
        elif kind.rpartition(".")[2] in {
            "uint32",
            "UInt32Value",
            "uint64",
            "UInt64Value",
            "int32",
            "Int32Value",
        }:
            for key, value in re.findall(r"\b(gte|lte|gt|lt): (\d+)", rules):
                bound = int(value) + {"gt": 1, "lt": -1}.get(key, 0)
                fact["min" if key.startswith("g") else "max"] = bound
        yield name, fact


# -- CloudFormation: the schemas of resources


KEPT = [
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::OpenSearchService::Domain",
    "AWS::Kinesis::Stream",
    "AWS::SQS::Queue",
    "AWS::MSK::Cluster",
    "AWS::EC2::Volume",
    "AWS::Redshift::Cluster",
    "AWS::Cognito::UserPool",
    "AWS::KMS::Key",
    "AWS::EKS::Cluster",
    "AWS::DocDB::DBCluster",
]
OTHERS = [
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::IAM::Group",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::InstanceProfile",
    "AWS::Lambda::Function",
    "AWS::Lambda::EventSourceMapping",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::LogGroup",
    "AWS::ApiGateway::Stage",
    "AWS::CloudFront::Distribution",
    "AWS::Route53::HealthCheck",
    "AWS::SNS::Topic",
]


def cloudformation(folder: Path) -> dict[str, Any]:
    schemas = folder / "cloudformation"
    names = json.loads((schemas / "providers/us-east-1.json").read_text())
    version = json.loads((schemas / "version.json").read_text())["schema_date"][:10]
    facts: Facts = {}
    for kind in sorted([*KEPT, *OTHERS]):
        schema = json.loads((schemas / f"resources/{names[kind]}.json").read_text())
        anew = (
            {each.split("/")[2] for each in schema.get("createOnlyProperties", [])} if kind in KEPT else set()
        )
        for name, stated in schema["properties"].items():
            fact: Fact = {
                short: stated[key] for key, short in (("minimum", "min"), ("maximum", "max")) if key in stated
            }
            words = stated.get("enum", [])
            if 0 < len(words) <= 16 and all(isinstance(each, str) for each in words):
                fact["values"] = words
            if (
                re.search(r"(Seconds|Timeout|Duration)$", name)
                and stated.get("type") == "integer"
                and "min" in fact
            ):
                fact["unit"] = "s"
            if name in anew:
                fact["anew"] = True
            if fact and fact.keys() != {"unit"}:
                facts[f"{kind}/Properties.{name}"] = fact
    return {
        "program": "AWS CloudFormation",
        "source": f"https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/ (schemas of {version})",
        "around": [{"Type": r"AWS::\w+::\w+", "Properties": ""}],
        "prefix": "Type",
        "settings": facts,
    }
