import page
import pytest
import run
from interleaved import Row

MACHINE = "2026-01-02: a machine."
LATER = "2026-03-04: another machine."
LOADING = [Row("`%load_ext sm_magics`", 58.44, "`import tensorflow`", 11700.0)]


def rows(model, ours, count=1):
    return [Row(f"{model}: way {number}", ours, "`peer`", 100.0) for number in range(count)]


@pytest.fixture
def text():
    """A page with two sections, of which one has two models."""
    made = page.put("", "loading", None, LOADING, MACHINE)
    made = page.put(made, "export", "ResNet50", rows("ResNet50", 10.0, 2), MACHINE)
    return page.put(made, "export", "LSTM", rows("LSTM", 20.0, 2), MACHINE)


def section(text, name):
    (found,) = [one for one in text.split("\n## ") if one.startswith(page.SECTIONS[name].title)]
    return found


def test_a_page_begins_with_its_words_and_has_a_table_a_section():
    made = page.put("", "memory", None, rows("LSTM", 1234.5), MACHINE)
    assert made == (
        f"{page.INTRO}\n## Peak memory of an export, above what stood there\n\n{MACHINE}\n\n"
        "| what | MB | peer | MB | ratio |\n|---|--:|---|--:|--:|\n"
        "| LSTM: way 0 | 1.23e+03 | `peer` | 100 | 12.3 |\n"
    )


def test_the_rows_of_one_model_take_the_place_of_its_old_ones(text):
    changed = page.put(text, "export", "ResNet50", rows("ResNet50", 30.0), LATER)
    assert page.lines(section(changed, "export")) == [
        "| ResNet50: way 0 | 30 | `peer` | 100 | 0.3 |",
        "| LSTM: way 0 | 20 | `peer` | 100 | 0.2 |",
        "| LSTM: way 1 | 20 | `peer` | 100 | 0.2 |",
    ]


def test_a_section_has_one_line_of_date_and_machine_the_newest(text):
    changed = page.put(text, "export", "ResNet50", rows("ResNet50", 30.0), LATER)
    assert LATER in section(changed, "export")
    assert MACHINE not in section(changed, "export")


def test_other_sections_stay_as_they_are(text):
    changed = page.put(text, "export", "ResNet50", rows("ResNet50", 30.0), LATER)
    assert section(changed, "loading") == section(text, "loading")


def test_a_model_that_is_new_to_a_section_comes_where_its_place_is(text):
    changed = page.put(text, "export", "EfficientNetB7", rows("EfficientNetB7", 5.0), LATER)
    models = [line.partition(":")[0] for line in page.lines(section(changed, "export"))]
    assert models == ["| ResNet50"] * 2 + ["| EfficientNetB7"] + ["| LSTM"] * 2


def test_rows_of_a_model_that_is_no_longer_measured_go(text):
    old = text.replace("| ResNet50: ", "| VGG16: ")
    assert "VGG16" in old
    assert "VGG16" not in page.put(old, "export", "LSTM", rows("LSTM", 20.0), LATER)


def test_a_section_without_models_is_replaced_whole(text):
    (row,) = LOADING
    changed = page.put(text, "loading", None, [Row("other", 1.0, row.peer, 2.0)], LATER)
    assert page.lines(section(changed, "loading")) == [
        "| other | 1 | `import tensorflow` | 2 | 0.5 |"
    ]


def test_sections_come_in_their_order_whichever_was_measured_first():
    made = page.put("", "memory", "LSTM", rows("LSTM", 1.0), MACHINE)
    made = page.put(made, "loading", None, LOADING, MACHINE)
    titles = [line for line in made.splitlines() if line.startswith("## ")]
    assert titles == [f"## {page.SECTIONS[name].title}" for name in ("loading", "memory")]


def test_the_same_rows_leave_the_page_as_it_was(text):
    assert page.put(text, "export", "LSTM", rows("LSTM", 20.0, 2), MACHINE) == text


def test_what_is_measured_is_a_section_a_model_or_all():
    assert run.pieces(["loading", "export:LSTM"]) == [("loading", None), ("export", "LSTM")]
    assert run.pieces(["sizes"]) == [("sizes", model) for model in page.KERAS_MODELS]
    assert {section for section, _ in run.pieces(page.SECTIONS)} == set(page.SECTIONS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exports", "no section 'exports'; there are loading, "),
        ("export:GRU", "no model 'GRU' in export; there are: ResNet50; "),
        ("export:", "no model '' in export; there are: ResNet50; "),
        ("sizes:1 GiB module", "no model '1 GiB module' in sizes; "),
        ("loading:LSTM", "no model 'LSTM' in loading; "),
    ],
)
def test_nothing_is_measured_where_a_name_is_wrong(name, said):
    with pytest.raises(SystemExit, match=said):
        run.pieces(["loading", name])


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder that stands for the repository; nothing is measured, rows are made up."""
    for name, file in [("PAGE", "page.md"), ("README", "README.md"), ("PLOT", "plot.svg")]:
        monkeypatch.setattr(run, name, tmp_path / file)
    (tmp_path / "README.md").write_text("# It\n<!-- benchmarks -->\n<!-- /benchmarks -->\n")
    calls = []

    def call(module, function, model):
        calls.append((module, function, model))
        if model == "EfficientNetB7":
            raise SystemExit("it failed")
        return [vars(Row(f"{model}: export, not verified", 42.0, "`tf.saved_model.save`", 100.0))]

    monkeypatch.setattr(run.own_process, "call", call)
    return tmp_path, calls


def test_one_model_is_measured_alone_and_gets_into_all_three_files(files, capsys):
    folder, calls = files
    run.main(["export:LSTM"])
    row = "| LSTM: export, not verified | 42 | `tf.saved_model.save` | 100 | 0.42 |"
    assert calls == [("bench_export", "run", "LSTM")]
    assert row in (folder / "page.md").read_text()
    assert "| 0.42 |" in (folder / "README.md").read_text()
    assert ">0.42<" in (folder / "plot.svg").read_text()
    assert row in capsys.readouterr().out


def test_what_was_measured_before_a_failure_is_kept(files):
    folder, calls = files
    with pytest.raises(SystemExit, match="it failed"):
        run.main(["export"])
    assert [model for _, _, model in calls] == ["ResNet50", "EfficientNetB7"]
    assert "ResNet50: export" in (folder / "page.md").read_text()


def test_the_page_knows_the_models_that_there_are():
    import bench_export
    from benchmark_models import LARGE

    assert [subject.name for subject in LARGE] == list(page.MODELS)
    assert bench_export.ROUNDS.keys() == set(page.MODELS)
