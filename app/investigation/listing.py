"""The list of questions, as API, pages and command line give it."""

from app.investigation.answers import QuestionList, QuestionParameter, QuestionSummary
from app.investigation.questions import Question, questions


def listed() -> QuestionList:
    """All questions, by number."""
    return QuestionList(questions=[_summary(each) for each in questions()])


def _summary(each: Question) -> QuestionSummary:
    return QuestionSummary(
        question_number=each.number,
        name=each.name,
        question=each.query.purpose,
        about_wallet=each.is_of_wallet,
        parameter_definitions=[
            QuestionParameter(
                name=one.name,
                kind=one.kind,
                meaning=one.meaning,
                required=one.is_required,
                default=one.default,
                least=one.least,
                most=one.most,
            )
            for one in each.parameters().values()
        ],
        columns=[name for name in each.query.returns if name != "path"],
    )
