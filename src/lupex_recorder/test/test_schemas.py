# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from rosbags.typesys import get_types_from_msg

from lupex_recorder.schemas import SchemaError, read_schema, share_finder


@pytest.fixture
def find(tmp_path):
    messages = {
        "inner/msg/Leaf": "float64 x  # [m] with a Word/Not a type\nint8 KIND=3\nstring<=5 name\n",
        "inner/msg/Twig": "Leaf[<=4] leaves\nuint8[3] bytes\n",
        "outer/msg/Tree": "# Tree\ninner/Twig[] twigs\ninner/Leaf first\nbool tall false\n",
    }
    for name, text in messages.items():
        path = tmp_path / "share" / f"{name}.msg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    hashes = {"type_hashes": [{"type_name": "outer/msg/Tree", "hash_string": "RIHS01_ab"}]}
    (tmp_path / "share" / "outer" / "msg" / "Tree.json").write_text(json.dumps(hashes))
    return share_finder([tmp_path / "nowhere", tmp_path])


def test_a_definition_carries_all_it_builds_on_once(find):
    schema = read_schema("outer/msg/Tree", find)
    assert schema.type_hash == "RIHS01_ab"
    assert schema.text.count("MSG: inner/Leaf\n") == 1
    assert schema.text.startswith("# Tree\n")
    assert set(get_types_from_msg(schema.text, "outer/msg/Tree")) == {
        "outer/msg/Tree",
        "inner/msg/Twig",
        "inner/msg/Leaf",
    }


def test_a_missing_definition_is_named(find):
    with pytest.raises(SchemaError, match="missing/msg/Thing is not installed"):
        read_schema("missing/msg/Thing", find)


def test_a_missing_hash_is_empty(find):
    assert read_schema("inner/msg/Leaf", find).type_hash == ""
