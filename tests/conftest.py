import os

# scikit-learn's array API checks run only with this set, and before scipy loads.
os.environ["SCIPY_ARRAY_API"] = "1"
