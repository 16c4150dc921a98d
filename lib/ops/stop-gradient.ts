/** A constant for the gradient tape. */
import {tf} from '../tensorflow/tensorflow';
import {withGradient} from './with-gradient';

/** Returns the same values, which count as constant: the tape isn't followed beyond them. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return withGradient<T>([], () => ({value: tf.clone(x), gradient: () => []}));
}
