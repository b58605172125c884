# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lupex_launch.description import LaunchError, declared_arguments, read_launch_file


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "a.launch.xml"
        path.write_text(text)
        return read_launch_file(path)

    return read_text


def test_elements_know_their_lines(read):
    root = read("<launch>\n  <arg name='a'/>\n  <group>\n    <let name='b' value='1'/>\n  </group>\n</launch>")
    assert [child.line for child in root.children] == [2, 3]
    assert root.children[1].children[0].line == 4


def test_arguments_are_found_in_groups_and_not_in_includes(read):
    root = read(
        "<launch><arg name='a'/><group if='true'><arg name='b'/>"
        "<include file='x'><arg name='c' value='1'/></include></group></launch>"
    )
    assert [element.attributes["name"] for element in declared_arguments(root)] == ["a", "b"]


def test_every_tag_of_ours_is_read(read):
    root = read(
        """<?xml version="1.0"?>
        <!-- a comment -->
        <launch>
          <arg name="a" default="1" description="what it is" if="true"/>
          <let name="b" value="2" unless="false"/>
          <set_env name="C" value="3"/>
          <group if="true">
            <include file="x"><arg name="d" value="4"/></include>
          </group>
          <node pkg="p" exec="e" name="n" namespace="/" output="both" respawn="true" respawn_delay="1.5" args="-x">
            <param name="q" value="1"/>
            <param from="f"/>
            <remap from="g" to="h"/>
            <env name="E" value="5"/>
          </node>
          <executable cmd="ls" name="l" output="log" respawn="False" respawn_delay="0">
            <env name="E" value="5"/>
          </executable>
        </launch>"""
    )
    assert [child.tag for child in root.children] == ["arg", "let", "set_env", "group", "node", "executable"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<timer period='1'/>", "<timer> cannot stand in <launch>"),
        ("<node pkg='p' exec='e'><node pkg='p' exec='e'/></node>", "<node> cannot stand in <node>"),
        ("<arg name='a' value='1'/>", "<arg> has the attribute 'value'"),
        ("<arg default='1'/>", "<arg> lacks the attribute 'name'"),
        ("<let name='a'/>", "<let> lacks the attribute 'value'"),
        ("<group scoped='false'/>", "<group> has the attribute 'scoped'"),
        ("<let name='a' value='1' if='true' unless='true'/>", "both 'if' and 'unless'"),
        ("<include file='x'/>", "put it in a <group>"),
        ("<group><include file='x'><arg name='a' default='1'/></include></group>", "<arg> lacks the attribute 'value'"),
        ("<group><include file='x'><let name='a' value='1'/></include></group>", "<let> cannot stand in <include>"),
        ("<node pkg='p' exec='e' launch-prefix='gdb'/>", "has the attribute 'launch-prefix'"),
        ("<node pkg='p' exec='e' output='screen2'/>", "output is 'screen2'"),
        ("<node pkg='p' exec='e' respawn='$(var r)'/>", "respawn is '$(var r)'"),
        ("<node pkg='p' exec='e' respawn_delay='-1'/>", "respawn_delay is '-1'"),
        ("<node pkg='p' exec='e' respawn_delay='soon'/>", "respawn_delay is 'soon'"),
        ("<node pkg='p' exec='e' respawn_delay='nan'/>", "respawn_delay is 'nan'"),
        ("<node pkg='p' exec='e'><param name='a'/></node>", "<param> takes either"),
        ("<node pkg='p' exec='e'><param name='a' value='1' from='f'/></node>", "<param> takes either"),
        (
            "<node pkg='p' exec='e'><param name='a' value='1' type='text'/></node>",
            "type is 'text', and it is one of",
        ),
        ("<node pkg='p' exec='e'><param from='f' type='str'/></node>", "<param> takes either"),
        ("<node pkg='p' exec='e'><param name='a'><param name='b' value='1'/></param></node>", "<param> takes either"),
        ("<node pkg='p' exec='e'><remap from='a'/></node>", "<remap> lacks the attribute 'to'"),
        ("<executable cmd='ls' cwd='/'/>", "has the attribute 'cwd'"),
        ("<executable cmd='ls'><param name='a' value='1'/></executable>", "<param> cannot stand in <executable>"),
        ("<executable/>", "<executable> lacks the attribute 'cmd'"),
        ("words", "text outside the tags: 'words'"),
    ],
)
def test_what_is_not_ours_is_refused_with_file_and_line(read, body, message):
    with pytest.raises(LaunchError) as caught:
        read(f"<launch>\n{body}\n</launch>")
    assert message in str(caught.value)
    assert "a.launch.xml:2:" in str(caught.value)


def test_what_is_no_xml_is_refused(read):
    with pytest.raises(LaunchError, match=r"a\.launch\.xml:2: this is not XML: mismatched tag"):
        read("<launch><arg name='a'>\n</launch>")


def test_another_root_is_refused(read):
    with pytest.raises(LaunchError, match=r"a\.launch\.xml:1: the root element is <robot>"):
        read("<robot/>")


def test_a_doctype_is_refused(read):
    with pytest.raises(LaunchError, match="DOCTYPE"):
        read("<!DOCTYPE launch [<!ENTITY a 'b'>]><launch/>")


def test_an_empty_file_is_refused(read):
    with pytest.raises(LaunchError, match="not XML: no element found"):
        read("")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LaunchError, match="cannot be read: No such file"):
        read_launch_file(tmp_path / "none.launch.xml")
