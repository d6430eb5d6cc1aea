"""Learn from recordings, compose new ones, in scikit-learn's manner."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:  # type checkers do not see what is loaded at first use
    from skmusic import audio as audio
    from skmusic import datasets as datasets
    from skmusic import display as display
    from skmusic import metrics as metrics
    from skmusic import report as report
    from skmusic import spectra as spectra
    from skmusic.featurizer import FFTFeaturizer as FFTFeaturizer
    from skmusic.generator import StatefulLSTMGenerator as StatefulLSTMGenerator
    from skmusic.persistence.saving import load as load
    from skmusic.persistence.saving import save as save
    from skmusic.pipeline import Pipeline as Pipeline
    from skmusic.pipeline import make_pipeline as make_pipeline

__version__ = "0.1.0"

# Public name -> module. Loaded at first use (PEP 562), so that `import skmusic`
# costs next to nothing and never loads TensorFlow.
_HOME = {
    "FFTFeaturizer": "featurizer",
    "StatefulLSTMGenerator": "generator",
    "Pipeline": "pipeline",
    "make_pipeline": "pipeline",
    "load": "persistence.saving",
    "save": "persistence.saving",
}
_MODULES = ("audio", "datasets", "display", "metrics", "report", "spectra")

__all__ = [*_HOME, *_MODULES, "__version__"]


def __getattr__(name):
    if name in _HOME:
        return getattr(_import_module(f"skmusic.{_HOME[name]}"), name)
    if name in _MODULES:
        return _import_module(f"skmusic.{name}")
    raise AttributeError(f"module 'skmusic' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
