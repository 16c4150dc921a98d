"""Converts Markdown to HTML with equations as MathML, which browsers draw without scripts, fonts or a network."""

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath


class Equations(IPythonRenderer):
    """Writes what is between `$` or `$$` as MathML; what isn't LaTeX stays as it was written."""

    def block_math(self, body):
        return self.equation(body, "block") or super().block_math(body)

    def inline_math(self, body):
        return self.equation(body, "inline") or super().inline_math(body)

    def latex_environment(self, name, body):
        return self.equation(rf"\begin{{{name}}}{body}\end{{{name}}}", "block") or super().latex_environment(name, body)

    @staticmethod
    def equation(latex, display):
        try:
            found = convert(latex.strip(), display=display)
            if "<mi>&</mi>" in found or "\\" in found:  # an environment or a command that it doesn't know
                return None
            return f'<span class="equation">{found}</span>' if display == "block" else found
        except Exception:  # latex2mathml has many classes of errors and no common one
            return None


def markdown_to_html(source):
    return MarkdownWithMath(renderer=Equations(escape=False)).render(source)
