"""Other tools with a fitted estimator, each the real package."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from test_docs import ROOT, blocks_of, run_block

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune.compat import cloudpickle
from autotune.history import COMPLETE, CRASHED, DROPPED, INTERRUPTED, Evaluation, History
from autotune.integrations import SpaceCheck, log_to_mlflow, register_onnx

X, Y = load_iris(return_X_y=True)
TWO = np.random.RandomState(0).normal(size=(120, 2)).astype(np.float32)  # each has half the target
ROWS = X.astype(np.float32)


@pytest.fixture(scope="module")
def tuned():
    """Return a search over a logistic regression in a pipeline."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return AutoTunedClassifier(model, budget=6, cv=3, random_state=0).fit(ROWS, Y)


def on_one_column(column, model):
    """Return a model that sees one column."""
    return make_pipeline(ColumnTransformer([("one", "passthrough", [column])]), model)


@pytest.fixture(scope="module")
def averaged():
    """Return a search whose final model averages two classifiers."""
    models = [on_one_column(column, LogisticRegression()) for column in (0, 1)]
    tuned = AutoTunedClassifier(models, budget=4, cv=3, final_model="ensemble", random_state=0)
    tuned.fit(TWO, np.where(TWO.sum(axis=1) > 0, "yes", "no"))
    assert len(tuned.ensemble_weights_) > 1
    return tuned


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """Return MLflow with a store of its own."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = pytest.importorskip("mlflow")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    mlflow.set_experiment("tests")
    yield mlflow
    mlflow.set_tracking_uri(before)


@pytest.mark.parametrize("dump", ["joblib", "cloudpickle"])
def test_round_trip(tuned, dump):
    """Check that a copy predicts, and tells its history, as the original does."""
    if dump == "joblib":
        file = io.BytesIO()
        joblib.dump(tuned, file)
        file.seek(0)
        again = joblib.load(file)
    else:
        again = cloudpickle.loads(cloudpickle.dumps(tuned))
    np.testing.assert_array_equal(again.predict_proba(ROWS), tuned.predict_proba(ROWS))
    assert again.history_.to_frame().equals(tuned.history_.to_frame())


def test_inspection(tuned):
    """Check that importance and partial dependence are those of the tuned model."""
    pytest.importorskip("matplotlib").use("Agg")
    inner, both = tuned.best_estimator_, []
    for model in (tuned, inner):
        importance = permutation_importance(model, ROWS, Y, n_repeats=2, random_state=0)
        display = PartialDependenceDisplay.from_estimator(model, ROWS, [2], target=0)
        curve = display.pd_results[0]["average"]
        both.append((importance.importances, curve))
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)


def test_tools_with_an_ensemble(averaged):
    """Check inspection, calibration and thresholds of an average, and its code."""
    y = averaged.predict(TWO)
    importance = permutation_importance(averaged, TWO, y, n_repeats=2, random_state=0)
    assert (importance.importances_mean > 0.1).all()
    frozen = FrozenEstimator(averaged)
    calibrated = CalibratedClassifierCV(frozen).fit(TWO, y)
    assert (calibrated.predict(TWO) == y).mean() > 0.9
    threshold = TunedThresholdClassifierCV(frozen, cv="prefit", refit=False).fit(TWO, y)
    assert threshold.score(TWO, y) > 0.9
    names = {}
    exec(averaged.to_code().replace("model.fit(X, y)", ""), names)
    assert names["model"].weights == list(averaged.ensemble_weights_.values())
    assert names["model"].fit(TWO, y).score(TWO, y) > 0.9


def test_calibration_and_threshold():
    """Check that both take a fitted search, which they do not fit again."""
    X, y = load_breast_cancer(return_X_y=True)
    tuned = AutoTunedClassifier(make_pipeline(StandardScaler(), SVC()), budget=3, cv=2).fit(X, y)
    frozen = FrozenEstimator(tuned)
    calibrated = CalibratedClassifierCV(frozen).fit(X, y)
    threshold = TunedThresholdClassifierCV(frozen, cv="prefit", refit=False).fit(X, y)
    assert calibrated.predict_proba(X).shape == (len(X), 2)
    assert calibrated.calibrated_classifiers_[0].estimator.estimator is tuned
    assert threshold.estimator_.estimator is tuned


@pytest.mark.slow
def test_optuna(tmp_path):
    """Check that a study holds what the search did, in the words of Optuna."""
    optuna = pytest.importorskip("optuna")
    estimator = AutoTunedClassifier(SVC(C=1e6), {"C": (0.1, 100.0, "log-uniform")}, cv=3, budget=6)
    tuned = estimator.set_params(random_state=0).fit(X, Y)
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    tuned.history_.to_optuna(storage, "iris")
    study = optuna.load_study(study_name="iris", storage=storage)
    assert study.user_attrs == {"metric": "score"}
    assert study.best_trial.number == tuned.best_index_
    assert study.best_params == tuned.best_params_
    assert study.best_value == tuned.best_score_
    assert [trial.user_attrs["origin"] for trial in study.trials] == [
        trial.origin for trial in tuned.history_
    ]
    for trial, own in zip(study.trials, tuned.history_, strict=True):
        assert trial.intermediate_values == dict(enumerate(tuned.history_.fold_scores(own)))
        assert trial.distributions["C"].log
        assert trial.datetime_start < trial.datetime_complete
    with pytest.raises(optuna.exceptions.DuplicatedStudyError):
        tuned.history_.to_optuna(storage, "iris")


@pytest.mark.slow
def test_optuna_of_all_that_happens():
    """Check the states of trials without a score, and what Optuna cannot store."""
    optuna = pytest.importorskip("optuna")
    history = History(2)
    values = [SVC(), None, True, "auto", np.float64(0.5), (1, 2)]
    statuses = [COMPLETE, DROPPED, CRASHED, INTERRUPTED, COMPLETE, COMPLETE]
    for value, status in zip(values, statuses, strict=True):
        trial = history.add({"a": value, "b": np.int64(3), "c": np.nan}, "random")
        for fold in range(2 if status == COMPLETE else trial.number % 2):
            history.record(Evaluation(trial.number, fold, scores={"score": fold}, ended=2.0))
        history.set_status(trial, status)
    study = history.to_optuna()
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "PRUNED", "FAIL", "FAIL", "COMPLETE", "COMPLETE"]
    assert [trial.params["a"] for trial in study.trials] == [
        "SVC()",
        None,
        True,
        "auto",
        0.5,
        "(1, 2)",
    ]
    assert study.trials[0].distributions["b"] == optuna.distributions.IntDistribution(3, 3)
    assert [trial.intermediate_values for trial in study.trials[:3]] == [{0: 0, 1: 1}, {0: 0}, {}]
    assert len(History(2).to_optuna().trials) == 0


@pytest.mark.slow
def test_optuna_of_numbers_and_symbols():
    """Check that many numbers have an axis, off which a symbol is told of elsewhere."""
    pytest.importorskip("optuna")
    history = History(1)
    for value in ["scale", *np.geomspace(1e-3, 1.0, 12)]:
        history.set_status(history.add({"gamma": value}, "random"), COMPLETE)
    default, *others = history.to_optuna().trials
    assert default.params == {}
    assert default.user_attrs["param_gamma"] == "scale"
    assert others[0].params == {"gamma": 1e-3}
    assert others[0].distributions["gamma"].log


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # bottle's, not ours
def test_optuna_dashboard(tuned):
    """Check that the dashboard answers with the study."""
    dashboard = pytest.importorskip("optuna_dashboard")
    optuna = pytest.importorskip("optuna")
    storage = optuna.storages.InMemoryStorage()
    study = tuned.history_.to_optuna(storage)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/api/studies/{study._study_id}"}
    environ |= {"wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "SERVER_NAME": "x"}
    environ |= {"SERVER_PORT": "80", "wsgi.url_scheme": "http", "QUERY_STRING": ""}
    status = []
    body = b"".join(dashboard.wsgi(storage)(environ, lambda code, *_: status.append(code)))
    assert status == ["200 OK"]
    assert len(json.loads(body)["trials"]) == len(tuned.history_)


@pytest.mark.slow
def test_mlflow(tuned, mlflow):
    """Check a run with the best trials in it, by the names of MLflow's own logging of searches."""
    run_id = log_to_mlflow(tuned, n_children=2)
    assert mlflow.active_run() is None
    run = mlflow.get_run(run_id)
    assert run.data.metrics["best_cv_score"] == tuned.best_score_
    assert run.data.metrics["expected_score"] == tuned.expected_score_
    for name, value in tuned.best_params_.items():
        assert run.data.params[f"best_{name}"] == str(value)
    table = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/cv_results.csv")
    assert len(table.splitlines()) == 1 + len(tuned.history_)
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run_id}'")
    assert (
        sorted(children["metrics.mean_test_score"], reverse=True)
        == sorted(tuned.cv_results_["mean_test_score"], reverse=True)[:2]
    )


@pytest.mark.slow
def test_mlflow_in_a_run(mlflow):
    """Check that an active run is used and stays so, also of a search without a final model."""
    tuned = AutoTunedClassifier(
        SVC(), {"C": [1, 2]}, strategy="grid", cv=2, scoring=["accuracy", "r2"], refit=False
    )
    with pytest.raises(NotFittedError):
        log_to_mlflow(tuned)
    with mlflow.start_run() as run:
        assert log_to_mlflow(tuned.fit(X, Y)) == run.info.run_id
        assert mlflow.active_run().info.run_id == run.info.run_id
    assert "best_cv_score" not in mlflow.get_run(run.info.run_id).data.metrics


@pytest.mark.slow
def test_autologging_is_off_in_a_fit(mlflow, tmp_path):
    """Check that evaluations are no runs, and that what is fitted after them is one."""
    code = """
    import sys
    import mlflow
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC
    from autotune import AutoTunedClassifier
    mlflow.set_tracking_uri(sys.argv[1])
    mlflow.sklearn.autolog(
        log_models=False, log_datasets=False, log_post_training_metrics=False, silent=True
    )
    X, y = load_iris(return_X_y=True)
    search = AutoTunedClassifier(SVC(), {"C": [1, 2]}, strategy="grid", cv=2)
    AutoTunedClassifier(search, {"cv": [2, 3]}, strategy="grid", cv=2).fit(X, y)
    print(len(mlflow.search_runs()))
    SVC().fit(X, y)
    print(len(mlflow.search_runs()))
    """  # in a process of its own, because it patches scikit-learn
    command = [sys.executable, "-c", textwrap.dedent(code), mlflow.get_tracking_uri()]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["0", "1"]


def converted(model, rows, **options):
    """Return what a model converted to ONNX predicts."""
    skl2onnx, runtime = pytest.importorskip("skl2onnx"), pytest.importorskip("onnxruntime")
    register_onnx()
    content = skl2onnx.to_onnx(model, rows[:1], **options).SerializeToString()
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows})


@pytest.mark.slow
def test_onnx(tuned):
    """Check that a converted classifier predicts the same, alone and in a pipeline."""
    for options in ({id(tuned): {"zipmap": False}}, {AutoTunedClassifier: {"zipmap": False}}):
        labels, probabilities = converted(tuned, ROWS, options=options)
        np.testing.assert_array_equal(labels, tuned.predict(ROWS))
        np.testing.assert_allclose(probabilities, tuned.predict_proba(ROWS), atol=1e-5)
    assert list(converted(tuned, ROWS)[1][0]) == [0, 1, 2]  # zipmap is the default
    pipeline = make_pipeline(StandardScaler(), tuned).fit(ROWS, Y)
    np.testing.assert_array_equal(converted(pipeline, ROWS)[0], pipeline.predict(ROWS))


@pytest.mark.slow
def test_onnx_of_a_regressor():
    """Check the same for a regressor, of several models."""
    rows, target = load_diabetes(return_X_y=True)
    rows = rows.astype(np.float32)
    models = [Ridge(), make_pipeline(StandardScaler(), Ridge())]
    tuned = AutoTunedRegressor(models, budget=4, cv=2, random_state=0).fit(rows, target)
    (predicted,) = converted(tuned, rows)
    np.testing.assert_allclose(predicted[:, 0], tuned.predict(rows), rtol=1e-4)


@pytest.mark.slow
def test_onnx_of_an_average(averaged):
    """Check that averages of classifiers and regressors predict the same."""
    labels, probabilities = converted(averaged, TWO, options={id(averaged): {"zipmap": False}})
    np.testing.assert_array_equal(labels, averaged.predict(TWO))
    np.testing.assert_allclose(probabilities, averaged.predict_proba(TWO), atol=1e-5)
    assert list(converted(averaged, TWO)[1][0]) == ["no", "yes"]
    models = [on_one_column(column, Ridge()) for column in (0, 1)]
    tuned = AutoTunedRegressor(models, budget=4, cv=3, final_model="ensemble", random_state=0)
    tuned.fit(TWO, TWO.sum(axis=1))
    assert len(tuned.ensemble_weights_) > 1
    (predicted,) = converted(tuned, TWO)
    np.testing.assert_allclose(predicted[:, 0], tuned.predict(TWO), atol=1e-4)


@pytest.mark.slow
def test_onnx_of_an_average_of_votes():
    """Check that models without probabilities are refused."""
    pytest.importorskip("skl2onnx")
    tuned = AutoTunedClassifier(
        RidgeClassifier(), {"alpha": [1.0]}, strategy="grid", cv=3, final_model="folds"
    ).fit(ROWS, Y)
    with pytest.raises(ValueError, match="the averaged models must have predict_proba"):
        converted(tuned, ROWS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # skore's, not ours
def test_skore():
    """Check that skore's reports tell what we find about a space, and nothing of other models."""
    skore = pytest.importorskip("skore")
    tuned = AutoTunedClassifier(
        SVC(), {"C": [1e-3, 1e-2, 1e-1]}, strategy="grid", cv=2, include_default=False
    )
    X, y = (data[:200] for data in load_breast_cancer(return_X_y=True))
    model = make_pipeline(StandardScaler(), tuned)
    (finding,) = model.fit(X, y)[-1].space_report_
    for report, section, text in (
        (skore.EstimatorReport(model, X_test=X, y_test=y), "issue", str(finding)),
        (skore.CrossValidationReport(model, X, y, splitter=2), "issue", str(finding)),
        (skore.EstimatorReport(SVC().fit(X, y), X_test=X, y_test=y), "not_applicable", "SVC has"),
    ):
        report.checks.add([SpaceCheck()])
        row = report.checks.summarize(fast_mode=True).frame().set_index("code").loc[SpaceCheck.code]
        assert row["section"] == section
        assert text in row["explanation"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the tools, not ours
@pytest.mark.usefixtures("mlflow")
def test_the_page(tmp_path, monkeypatch):
    """Check that the whole page runs, also what `test_docs` leaves out for want of the tools."""
    for tool in ("mlflow", "optuna", "skl2onnx", "skore", "sklearn.callback"):
        pytest.importorskip(tool)
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "integrations.md"
    names = {"__name__": "__main__"}
    for block in blocks_of(page.read_text(encoding="utf-8").replace("```py\n", "```python\n")):
        run_block(block, page, names)
    assert len(names["study"].trials) == 5
    assert 5 < len(names["model"].history_) < 50  # of the search that was stopped
