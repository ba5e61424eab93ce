from pathlib import Path
from xml.etree import ElementTree as ET

import page
import pytest
import summary
from interleaved import Row
from ways import AGAIN, KERAS, SAVE, UNVERIFIED, verified

RUN, STRUCTURAL = verified("run"), verified("structural")
README = "# It\nbefore\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n"
SVG = "{http://www.w3.org/2000/svg}"


def rows(model, peer, **ratios):
    ways = {"fresh": UNVERIFIED, "structural": STRUCTURAL, "run": RUN, "again": AGAIN}
    return [Row(f"{model}: {ways[way]}", ratio * 50, peer, 50.0) for way, ratio in ratios.items()]


@pytest.fixture
def text():
    """A page with a Keras model that was measured whole, and another of which rows are missing."""
    exports = {
        "LSTM": [
            *rows("LSTM", SAVE, fresh=0.51, structural=0.56, run=0.91, again=0.102),
            *rows("LSTM", KERAS, fresh=0.31, structural=0.36, run=0.61, again=0.072),
        ],
        "1 GiB module": rows("1 GiB module", SAVE, fresh=0.66, run=1.6),
    }
    made = ""
    for model, measured in exports.items():
        made = page.put(made, "export", model, measured, "today")
    memory = [Row(f"LSTM: {UNVERIFIED}", 44.5, SAVE, 50.0)]
    made = page.put(made, "memory", "LSTM", memory, "today")
    return page.put(made, "sizes", "LSTM", [Row("LSTM: directory", 25.1, KERAS, 50.0)], "today")


@pytest.fixture
def folder(tmp_path, text):
    (tmp_path / "page.md").write_text(text)
    (tmp_path / "README.md").write_text(README)
    return tmp_path


def write(folder):
    summary.write(folder / "page.md", folder / "README.md", folder / "plot.svg")


def bars(drawn):
    """Return the bars' lengths, by colour, from the top; the legend has none of its own."""
    found = {}
    for box in ET.fromstring(drawn).iter(f"{SVG}rect"):
        if float(box.get("y")) >= summary.TOP:
            found.setdefault(box.get("fill"), []).append(float(box.get("width")))
    return found


def texts(drawn):
    return [one.text for one in ET.fromstring(drawn).iter(f"{SVG}text")]


def test_the_readme_has_the_ratios_of_every_way_to_both_peers(folder):
    write(folder)
    assert (folder / "README.md").read_text() == (
        "# It\nbefore\n<!-- benchmarks -->\n"
        "| ratio | to | LSTM | 1 GiB module |\n"
        "|---|---|--:|--:|\n"
        "| export, checks included | `tf.saved_model.save` | 0.51 | 0.66 |\n"
        "| export, verified by structural | `tf.saved_model.save` | 0.56 | - |\n"
        "| export, verified by run | `tf.saved_model.save` | 0.91 | 1.6 |\n"
        "| export again after more training | `tf.saved_model.save` | 0.1 | - |\n"
        "| peak memory | `tf.saved_model.save` | 0.89 | - |\n"
        "| export, checks included | `keras.Model.export` | 0.31 | - |\n"
        "| export, verified by structural | `keras.Model.export` | 0.36 | - |\n"
        "| export, verified by run | `keras.Model.export` | 0.61 | - |\n"
        "| export again after more training | `keras.Model.export` | 0.072 | - |\n"
        "| size of the directory | `keras.Model.export` | 0.5 | - |\n"
        "\n![Time of an export, tf.saved_model.save being 1](docs/images/benchmarks.svg)\n"
        "<!-- /benchmarks -->\nafter\n"
    )


def test_writing_it_again_changes_nothing(folder):
    write(folder)
    once = (folder / "README.md").read_text()
    write(folder)
    assert (folder / "README.md").read_text() == once


def test_the_plot_has_a_bar_as_long_as_each_ratio(folder):
    write(folder)
    drawn = (folder / "plot.svg").read_text()
    colours = {way: colour for way, (_, colour, _) in summary.BARS.items()}
    one = summary.WIDTH / 1.6  # the longest bar is as long as there is room
    assert bars(drawn) == {
        colours[UNVERIFIED]: pytest.approx([0.51 * one, 0.66 * one], abs=0.1),
        colours[RUN]: pytest.approx([0.91 * one, 1.6 * one], abs=0.1),
        colours[AGAIN]: pytest.approx([0.102 * one], abs=0.1),
    }
    (line,) = ET.fromstring(drawn).iter(f"{SVG}line")
    assert float(line.get("x1")) == pytest.approx(summary.LABELS + one, abs=1)


def test_the_plot_says_models_and_numbers_and_what_is_missing(folder):
    write(folder)
    legend = [said for said, _, _ in summary.BARS.values()]
    numbers = ["LSTM", "0.51", "0.91", "0.1", "1 GiB module", "0.66", "1.6", "-"]
    assert texts((folder / "plot.svg").read_text()) == [*legend, *numbers, "tf.saved_model.save"]


def test_everything_in_the_plot_lies_inside_of_it(folder):
    write(folder)
    root = ET.fromstring((folder / "plot.svg").read_text())
    _, _, width, height = map(float, root.get("viewBox").split())
    for box in root.iter(f"{SVG}rect"):
        x, y, long, high = (float(box.get(key)) for key in ("x", "y", "width", "height"))
        assert x + long <= width
        assert y + high <= height


def test_a_model_that_was_only_weighed_is_not_shown(folder):
    extra = [Row(f"ResNet50: {UNVERIFIED}", 1.0, SAVE, 2.0)]
    text = page.put((folder / "page.md").read_text(), "memory", "ResNet50", extra, "today")
    assert list(summary.ratios(text)) == ["LSTM", "1 GiB module"]


def test_a_page_without_exports_leaves_the_readme_and_the_plot_alone(folder):
    memory = [Row(f"LSTM: {UNVERIFIED}", 1.0, SAVE, 2.0)]
    (folder / "page.md").write_text(page.put("", "memory", "LSTM", memory, "today"))
    write(folder)
    assert (folder / "README.md").read_text() == README
    assert not (folder / "plot.svg").exists()


@pytest.mark.parametrize("mark", [summary.START, summary.END])
def test_a_readme_without_the_marks_is_left_and_said(folder, mark):
    without = README.replace(mark, "")
    (folder / "README.md").write_text(without)
    with pytest.raises(SystemExit, match=r"README\.md lacks the lines"):
        write(folder)
    assert (folder / "README.md").read_text() == without


def test_the_page_of_the_repository_can_be_read():
    text = (Path(__file__).parents[2] / "docs/benchmarks.md").read_text("utf-8")
    found = summary.ratios(text)
    assert "LSTM" in found
    assert all(("export", UNVERIFIED, SAVE) in of for of in found.values())
