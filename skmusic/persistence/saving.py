"""Save and load models as files that are safe to share.

A ``.skmusic`` file holds arrays, see `archive`, and a description of what they are,
see `description`. Nothing in it is ever run. Only the classes named here are made:
dataclasses from their fields, estimators by their constructors and by what `fit` sets.
Their contents are then checked, see `checks`, so that what comes later meets no index
beyond an array and no number that is not finite.

What belongs to a machine or to one fit rather than to a model is not kept and takes
its default when loaded: ``callbacks``, ``checkpoint_dir``, ``memory`` and ``n_jobs``.
"""

import dataclasses
import re
import types
import typing
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import sklearn.pipeline

from skmusic import __version__
from skmusic.features.patches import PatchCode
from skmusic.featurizer import FFTFeaturizer
from skmusic.generator import StatefulLSTMGenerator
from skmusic.persistence.archive import read_archive, write_archive
from skmusic.persistence.checks import (
    check_declared,
    check_featurizer,
    check_format,
    check_generator,
)
from skmusic.persistence.description import build, describe
from skmusic.pipeline import Pipeline
from skmusic.spectra.frames import FrameFormat
from skmusic.synthesis.neural.synthesis import Neural
from skmusic.synthesis.neural.vocoder import Vocoder
from skmusic.synthesis.regression import Regression
from skmusic.utils.types import Name

# All that is ever made, by the names that files have for it.
_DATACLASSES = {
    cls.__name__: cls
    for cls in (
        FrameFormat,
        Neural,
        PatchCode,
        Regression,
        Vocoder,
    )
}
_ESTIMATORS = {
    "FFTFeaturizer": FFTFeaturizer,
    "Pipeline": Pipeline,
    "StatefulLSTMGenerator": StatefulLSTMGenerator,
    "sklearn.Pipeline": sklearn.pipeline.Pipeline,
}
_NAMES = {cls: name for name, cls in {**_DATACLASSES, **_ESTIMATORS}.items()}
_CHECKS = {FFTFeaturizer: check_featurizer, StatefulLSTMGenerator: check_generator}
_NOT_KEPT = {"callbacks", "checkpoint_dir", "memory", "n_jobs"}
# Names of what fits set.
_FITTED = re.compile(r"_[a-z]+|[a-z][a-z0-9_]*_")
# What the checks raise of contents that are not even of the type they ask for.
_UNSOUND = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


def save(model: Any, path: Name) -> None:
    """Save a model as a file that is safe to share.

    Parameters
    ----------
    model : FFTFeaturizer, StatefulLSTMGenerator or pipeline of these
        Fitted or not.
    path : str or path
        File to write, whole or not at all; it should end in .skmusic.

    Raises
    ------
    ValueError
        If the model holds what such a file cannot: another estimator, a
        RandomState, numbers that are not finite. The message names it.
    FileNotFoundError, IsADirectoryError, OSError
        If the file cannot be written.

    See Also
    --------
    load : Load it again.

    Examples
    --------
    >>> import tempfile
    >>> import skmusic
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skmusic.save(skmusic.FFTFeaturizer(N=256), f"{folder}/model.skmusic")
    ...     skmusic.load(f"{folder}/model.skmusic")
    FFTFeaturizer(N=256)
    """
    arrays, where = {}, str(Path(path))
    try:
        if type(model) not in _ESTIMATORS.values():
            _refuse_subclass(model)
            raise ValueError(f"{model!r:.60} is no model of skmusic")
        content = describe(model, "model", arrays, _parts)
        # What could not be loaded is better refused now.
        build(content, arrays, _new)
    except _UNSOUND as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"{where!r} not written: {reason}. What does not fit into a .skmusic file "
            "can be kept with joblib."
        ) from error
    made_with = {
        "skmusic": __version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }
    write_archive(path, arrays, content, made_with)


def load(path: Name) -> Any:
    """Load a model that `save` made.

    No code in the file is run, and memory is bounded by twice the size of the file
    and some 200 MB: it may come from anyone.

    Parameters
    ----------
    path : str or path
        File that `save` made.

    Returns
    -------
    FFTFeaturizer, StatefulLSTMGenerator or pipeline of these
        It samples and forecasts to the bit as the one that was saved, on the same
        machine and versions.

    Raises
    ------
    ValueError
        If it is no such file, damaged, made by a later skmusic, or if what it holds
        does not fit together. The message says which.
    FileNotFoundError, IsADirectoryError
        If there is no such file.

    See Also
    --------
    save : Save it first.

    Examples
    --------
    >>> import tempfile
    >>> import skmusic
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     generator = skmusic.StatefulLSTMGenerator(epochs=3)
    ...     skmusic.save(generator, f"{folder}/a.skmusic")
    ...     model = skmusic.load(f"{folder}/a.skmusic")
    >>> model.get_params()["epochs"]
    3
    """
    try:
        arrays, content, _ = read_archive(path)
        model = build(content, arrays, _new)
        if type(model) not in _ESTIMATORS.values():
            raise ValueError("it holds no model")
    except _UNSOUND as error:
        raise ValueError(f"{str(Path(path))!r} cannot be loaded: {error}") from error
    return model


def _parts(value):
    """Name of a known class and what its object is made of."""
    cls = type(value)
    if cls in _DATACLASSES.values():
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return _NAMES[cls], {"fields": fields}
    if cls in _ESTIMATORS.values():
        params = value.get_params(deep=False)
        fitted = {k: v for k, v in vars(value).items() if k not in {*params, "_steps"}}
        # While a Pipeline learns, scikit-learn keeps whom it tells of it.
        fitted = {k: v for k, v in fitted.items() if "callback" not in k}
        params = {k: v for k, v in params.items() if k not in _NOT_KEPT}
        return _NAMES[cls], {"params": params, "fitted": fitted}
    _refuse_subclass(value)
    return None


def _refuse_subclass(value):
    """Refuse what has code of its own, which no file can hold."""
    for known in type(value).__mro__[1:]:
        if known in (*_ESTIMATORS.values(), *_DATACLASSES.values()):
            raise ValueError(
                f"{type(value).__name__} is a subclass of {known.__name__}; subclasses "
                "cannot be saved, as the file holds no code"
            )


def _new(name, parts):
    """Object of a known class."""
    if name in _DATACLASSES and parts.keys() == {"fields"}:
        return _new_dataclass(name, **parts)
    if name in _ESTIMATORS and parts.keys() == {"params", "fitted"}:
        return _new_estimator(name, **parts)
    raise ValueError(f"it wants to make {name!r:.60}, which is not allowed")


def _new_dataclass(name, fields):
    cls = _DATACLASSES[name]
    known = {f.name: f for f in dataclasses.fields(cls)}
    needed = {n for n, f in known.items() if f.default is dataclasses.MISSING}
    if not needed <= fields.keys() <= known.keys():
        wrong = min(needed - fields.keys() or fields.keys() - known.keys())
        raise ValueError(
            f"{name} lacks, or does not know, the field {wrong!r:.60}; if another "
            "version of skmusic saved it, fit again"
        )
    hints = typing.get_type_hints(cls)
    for field, value in fields.items():
        if not _is_a(value, hints[field]):
            raise ValueError(f"{name}.{field} is not of type {hints[field]}")
    made = cls(**fields)
    check_format(made) if cls is FrameFormat else check_declared(made)
    return made


def _is_a(value, hint):
    """Whether a value is of an annotated type, as far as can be seen from outside."""
    if hint is float:
        return isinstance(value, Real)
    kind = hint if isinstance(hint, types.UnionType) else typing.get_origin(hint)
    try:
        return isinstance(value, kind or hint)
    except TypeError:  # a union of types with parameters
        return True


def _new_estimator(name, params, fitted):
    cls = _ESTIMATORS[name]
    known = set(cls._get_param_names()) - _NOT_KEPT
    if not params.keys() <= known:
        wrong = min(params.keys() - known)
        raise ValueError(f"{name} has no parameter {wrong!r:.60}; update skmusic")
    is_pipeline = issubclass(cls, sklearn.pipeline.Pipeline)
    if is_pipeline:
        _check_steps(params.get("steps"), fitted)
    estimator = cls(**params)
    for key, value in fitted.items():
        if not _FITTED.fullmatch(key) or hasattr(cls, key):
            raise ValueError(f"{name} has no fitted attribute {key!r:.60}")
        setattr(estimator, key, value)
    estimator._validate_params()
    if not is_pipeline:
        _CHECKS[cls](estimator)
    return estimator


def _check_steps(steps, fitted):
    """Refuse what is no list of named steps that fit one another."""
    if fitted or not isinstance(steps, list) or not steps:
        raise ValueError("a pipeline has steps, and nothing else")
    for step in steps:
        match step:
            case (str(), None | "passthrough"):
                continue
            case (str(), last) if type(last) in _ESTIMATORS.values():
                continue
        raise ValueError(f"the step {step!r:.60} is no name with an estimator")
    sizes = {s.n_dims_ for _, s in steps if hasattr(s, "n_dims_")}
    if len(sizes) > 1:
        raise ValueError(f"its steps have frames of different lengths, {sizes}")
    made = [s.format_ for _, s in steps if hasattr(s, "format_")]
    known = [s.synthesis_.format for _, s in steps if hasattr(s, "synthesis_")]
    if len({format for format in made + known if format is not None}) > 1:
        raise ValueError("its steps have frames of different formats")
