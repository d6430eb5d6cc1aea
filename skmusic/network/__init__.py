"""The LSTM: trained with Keras, played with numpy."""
